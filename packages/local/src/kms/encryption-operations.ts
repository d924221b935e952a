import { randomBytes } from "node:crypto";
import { z } from "zod";
import { AwsError, type Operation, operation } from "../wire/aws-json.ts";
import { decryptBlob, encryptBlob, invalidCiphertext, keyIdOf } from "./ciphertext-blob.ts";
import type { EncryptionContext } from "./encryption-context.ts";
import { keyArn, keyReferenceSchema, requireKey, requireUsable, requireUsableKey } from "./key-reference.ts";
import type { Key, KeyStore } from "./key-store.ts";
import { blobSchema, contextSchema } from "./wire-schema.ts";

const algorithm = z.literal("SYMMETRIC_DEFAULT").optional();
const plaintextSchema = blobSchema(1, 4096);
const ciphertextSchema = blobSchema(1, 6144);

const dataKeySchema = z.strictObject({
  KeyId: keyReferenceSchema,
  EncryptionContext: contextSchema,
  KeySpec: z.enum(["AES_128", "AES_256"]).optional(),
  NumberOfBytes: z.int().min(1).max(1024).optional(),
});

type DataKeyRequest = z.output<typeof dataKeySchema>;

/** Encrypt, Decrypt, ReEncrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateRandom. */
export function encryptionOperations(keys: KeyStore): Readonly<Record<string, Operation>> {
  return {
    Encrypt: operation(
      z.strictObject({
        KeyId: keyReferenceSchema,
        Plaintext: plaintextSchema,
        EncryptionContext: contextSchema,
        EncryptionAlgorithm: algorithm,
      }),
      (input) => {
        const key = requireUsableKey(keys, input.KeyId, "ENCRYPT_DECRYPT", "Encrypt");
        return {
          CiphertextBlob: encrypt(keys, key, input.Plaintext, input.EncryptionContext),
          KeyId: keyArn(key.id),
          EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
        };
      },
    ),
    Decrypt: operation(
      z.strictObject({
        CiphertextBlob: ciphertextSchema,
        EncryptionContext: contextSchema,
        KeyId: keyReferenceSchema.optional(),
        EncryptionAlgorithm: algorithm,
      }),
      (input) => {
        const { key, plaintext } = decrypt(keys, input.CiphertextBlob, input.EncryptionContext, input.KeyId);
        return {
          Plaintext: plaintext.toString("base64"),
          KeyId: keyArn(key.id),
          EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
        };
      },
    ),
    ReEncrypt: reEncryptOperation(keys),
    GenerateDataKey: operation(dataKeySchema, (input) => {
      const { plaintext, ...answer } = generateDataKey(keys, input, "GenerateDataKey");
      return { ...answer, Plaintext: plaintext.toString("base64") };
    }),
    GenerateDataKeyWithoutPlaintext: operation(dataKeySchema, (input) => {
      const { plaintext: _plaintext, ...answer } = generateDataKey(
        keys,
        input,
        "GenerateDataKeyWithoutPlaintext",
      );
      return answer;
    }),
    GenerateRandom: operation(z.strictObject({ NumberOfBytes: z.int().min(1).max(1024) }), (input) => ({
      Plaintext: randomBytes(input.NumberOfBytes).toString("base64"),
    })),
  };
}

function reEncryptOperation(keys: KeyStore): Operation {
  const schema = z.strictObject({
    CiphertextBlob: ciphertextSchema,
    SourceEncryptionContext: contextSchema,
    SourceKeyId: keyReferenceSchema.optional(),
    SourceEncryptionAlgorithm: algorithm,
    DestinationKeyId: keyReferenceSchema,
    DestinationEncryptionContext: contextSchema,
    DestinationEncryptionAlgorithm: algorithm,
  });
  return operation(schema, (input) => {
    const destination = requireUsableKey(keys, input.DestinationKeyId, "ENCRYPT_DECRYPT", "ReEncrypt");
    const source = decrypt(keys, input.CiphertextBlob, input.SourceEncryptionContext, input.SourceKeyId);
    return {
      CiphertextBlob: encrypt(keys, destination, source.plaintext, input.DestinationEncryptionContext),
      SourceKeyId: keyArn(source.key.id),
      KeyId: keyArn(destination.id),
      SourceEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
      DestinationEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
    };
  });
}

function encrypt(keys: KeyStore, key: Key, plaintext: Uint8Array, context: EncryptionContext): string {
  return encryptBlob(key.id, keys.secretOf(key.id), plaintext, context).toString("base64");
}

function decrypt(
  keys: KeyStore,
  blob: Uint8Array,
  context: EncryptionContext,
  expected: string | undefined,
): { key: Key; plaintext: Buffer } {
  const id = keyIdOf(blob);
  if (expected !== undefined && requireKey(keys, expected).id !== id) {
    throw new AwsError(
      "IncorrectKeyException",
      "The key ID in the request does not identify a CMK that can perform this operation.",
    );
  }
  const key = keys.find(id);
  if (!key) throw invalidCiphertext();
  requireUsable(key, "ENCRYPT_DECRYPT", "Decrypt");
  return { key, plaintext: decryptBlob(keys.secretOf(id), blob, context) };
}

function generateDataKey(keys: KeyStore, request: DataKeyRequest, name: string) {
  const key = requireUsableKey(keys, request.KeyId, "ENCRYPT_DECRYPT", name);
  const plaintext = randomBytes(dataKeyBytes(request));
  return {
    plaintext,
    CiphertextBlob: encrypt(keys, key, plaintext, request.EncryptionContext),
    KeyId: keyArn(key.id),
  };
}

function dataKeyBytes({ KeySpec, NumberOfBytes }: DataKeyRequest): number {
  if ((KeySpec === undefined) === (NumberOfBytes === undefined)) {
    throw new AwsError("ValidationException", "Please specify either number of bytes or key spec.");
  }
  return NumberOfBytes ?? (KeySpec === "AES_128" ? 16 : 32);
}
