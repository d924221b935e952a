import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { z } from "zod";
import { AwsError, type Operation, operation } from "../wire/aws-json.ts";
import { signDigest, verifyDigest } from "./ecdsa-digest.ts";
import { keyArn, keyReferenceSchema, requireUsableKey } from "./key-reference.ts";
import { specFacts } from "./key-spec.ts";
import type { Key, KeyStore } from "./key-store.ts";
import { blobSchema } from "./wire-schema.ts";

const messageSchema = z.strictObject({
  KeyId: keyReferenceSchema,
  Message: blobSchema(1, 4096),
  MessageType: z.enum(["RAW", "DIGEST"]).default("RAW"),
  SigningAlgorithm: z.enum(["ED25519_SHA_512", "ECDSA_SHA_256"]),
});

type SigningRequest = z.output<typeof messageSchema>;

const sha256Bytes = createHash("sha256").digest().length;

/** Sign, Verify, GetPublicKey. */
export function signingOperations(keys: KeyStore): Readonly<Record<string, Operation>> {
  return {
    Sign: operation(messageSchema, (input) => {
      const key = requireSigningKey(keys, input, "Sign");
      const privateKey = createPrivateKey({ key: keys.secretOf(key.id), format: "der", type: "pkcs8" });
      return {
        KeyId: keyArn(key.id),
        Signature: signMessage(privateKey, input).toString("base64"),
        SigningAlgorithm: input.SigningAlgorithm,
      };
    }),
    Verify: operation(messageSchema.extend({ Signature: blobSchema(1, 6144) }), (input) => {
      const key = requireSigningKey(keys, input, "Verify");
      const publicKey = createPublicKey({ key: publicKeyOf(key), format: "der", type: "spki" });
      if (!isSignatureOf(publicKey, input, input.Signature)) {
        throw new AwsError("KMSInvalidSignatureException", "the signature is not valid");
      }
      return { KeyId: keyArn(key.id), SignatureValid: true, SigningAlgorithm: input.SigningAlgorithm };
    }),
    GetPublicKey: operation(z.strictObject({ KeyId: keyReferenceSchema }), ({ KeyId }) => {
      const key = requireUsableKey(keys, KeyId, "SIGN_VERIFY", "GetPublicKey");
      return {
        KeyId: keyArn(key.id),
        PublicKey: publicKeyOf(key).toString("base64"),
        KeySpec: key.spec,
        CustomerMasterKeySpec: key.spec,
        KeyUsage: "SIGN_VERIFY",
        ...specFacts[key.spec].algorithms,
      };
    }),
  };
}

function requireSigningKey(keys: KeyStore, input: SigningRequest, name: string): Key {
  const key = requireUsableKey(keys, input.KeyId, "SIGN_VERIFY", name);
  if (!specFacts[key.spec].algorithms["SigningAlgorithms"]?.includes(input.SigningAlgorithm)) {
    throw new AwsError(
      "InvalidKeyUsageException",
      `Algorithm ${input.SigningAlgorithm} is incompatible with key spec ${key.spec}.`,
    );
  }
  requireFittingMessage(input);
  return key;
}

function requireFittingMessage({ MessageType, SigningAlgorithm, Message }: SigningRequest): void {
  if (MessageType === "RAW") return;
  if (SigningAlgorithm === "ED25519_SHA_512") {
    throw new AwsError("ValidationException", `MessageType must be RAW for algorithm ${SigningAlgorithm}.`);
  }
  if (Message.length !== sha256Bytes) {
    throw new AwsError("ValidationException", `Digest is invalid length for algorithm ${SigningAlgorithm}.`);
  }
}

function signMessage(key: KeyObject, { MessageType, SigningAlgorithm, Message }: SigningRequest): Buffer {
  if (SigningAlgorithm === "ED25519_SHA_512") return sign(null, Message, key);
  return MessageType === "DIGEST" ? signDigest(key, Message) : sign("sha256", Message, key);
}

function isSignatureOf(
  key: KeyObject,
  { MessageType, SigningAlgorithm, Message }: SigningRequest,
  signature: Buffer,
): boolean {
  if (SigningAlgorithm === "ED25519_SHA_512") return verify(null, Message, key, signature);
  return MessageType === "DIGEST"
    ? verifyDigest(key, Message, signature)
    : verify("sha256", Message, key, signature);
}

function publicKeyOf(key: Key): Buffer {
  if (!key.publicKey) throw new Error(`key ${key.id} has no public key`);
  return Buffer.from(key.publicKey);
}
