import { createHash, createPublicKey, verify } from "node:crypto";
import {
  buildClient,
  CommitmentPolicy,
  KmsKeyringNode,
  type KmsNodeClientSupplier,
} from "@aws-crypto/client-node";
import {
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GenerateRandomCommand,
  GetPublicKeyCommand,
  KMS,
  ReEncryptCommand,
  SignCommand,
  VerifyCommand,
  VerifyMacCommand,
} from "@aws-sdk/client-kms";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type KmsEndpoint, startKmsEndpoint } from "./test-endpoint.ts";

const message = Buffer.from("a checkpoint");
const context = { execution: "arn:x", redriveCount: "0" };

let kms: KmsEndpoint;

beforeEach(async () => {
  kms = await startKmsEndpoint();
});

afterEach(() => kms.remove());

const createEd25519 = () => kms.createKey({ KeySpec: "ECC_NIST_EDWARDS25519", KeyUsage: "SIGN_VERIFY" });
const createP256 = () => kms.createKey({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
const createHmacKey = () => kms.createKey({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" });

async function encrypt(KeyId: string): Promise<Uint8Array> {
  const sealed = await kms.client.send(
    new EncryptCommand({ KeyId, Plaintext: message, EncryptionContext: context }),
  );
  return sealed.CiphertextBlob ?? new Uint8Array();
}

describe("encryption", () => {
  it("decrypts what it encrypted, under the context in any order", async () => {
    const { KeyId, Arn } = await kms.createKey();
    const CiphertextBlob = await encrypt(KeyId);
    const EncryptionContext = { redriveCount: "0", execution: "arn:x" };
    const opened = await kms.client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    expect(Buffer.from(opened.Plaintext ?? [])).toEqual(message);
    expect(opened.KeyId).toBe(Arn);
  });

  it.each([
    ["another context", { ...context, redriveCount: "1" }],
    ["no context", {}],
    ["a context cut elsewhere", { executiona: "rn:x", redriveCount: "0" }],
  ])("refuses %s", async (_title, EncryptionContext) => {
    const { KeyId } = await kms.createKey();
    const CiphertextBlob = await encrypt(KeyId);
    await expect(
      kms.client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext })),
    ).rejects.toMatchObject({
      name: "InvalidCiphertextException",
    });
  });

  it("refuses a ciphertext with any byte changed", async () => {
    const { KeyId } = await kms.createKey();
    const sealed = await encrypt(KeyId);
    for (const index of [0, 5, 20, 40, sealed.length - 1]) {
      const CiphertextBlob = Uint8Array.from(sealed);
      CiphertextBlob[index] = (CiphertextBlob[index] ?? 0) ^ 1;
      await expect(
        kms.client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context })),
      ).rejects.toMatchObject({ name: "InvalidCiphertextException" });
    }
  });

  it("refuses to decrypt under another key than the caller expects", async () => {
    const [right, wrong] = [await kms.createKey(), await kms.createKey()];
    const CiphertextBlob = await encrypt(right.KeyId);
    const decrypt = (KeyId: string) =>
      kms.client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context, KeyId }));
    await expect(decrypt(wrong.Arn)).rejects.toMatchObject({ name: "IncorrectKeyException" });
    expect((await decrypt(right.Arn)).KeyId).toBe(right.Arn);
  });

  it("makes data keys of the asked length", async () => {
    const { KeyId } = await kms.createKey();
    const made = await kms.client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256" }));
    expect(made.Plaintext).toHaveLength(32);
    const { CiphertextBlob } = await kms.client.send(
      new GenerateDataKeyWithoutPlaintextCommand({ KeyId, NumberOfBytes: 24, EncryptionContext: context }),
    );
    const opened = await kms.client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context }));
    expect(opened.Plaintext).toHaveLength(24);
    await expect(kms.client.send(new GenerateDataKeyCommand({ KeyId }))).rejects.toThrow(
      "either number of bytes",
    );
  });

  it("encrypts anew under another key and context", async () => {
    const [from, to] = [await kms.createKey(), await kms.createKey()];
    const { CiphertextBlob } = await kms.client.send(
      new ReEncryptCommand({
        CiphertextBlob: await encrypt(from.KeyId),
        SourceEncryptionContext: context,
        DestinationKeyId: to.KeyId,
      }),
    );
    const opened = await kms.client.send(new DecryptCommand({ CiphertextBlob, KeyId: to.KeyId }));
    expect(Buffer.from(opened.Plaintext ?? [])).toEqual(message);
  });

  it("serves the AWS Encryption SDK with commitment and an encryption context", async () => {
    const { Arn } = await kms.createKey();
    const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
    // The library's types don't know exactOptionalPropertyTypes; the client is the one it asks for.
    const clientProvider = (() => new KMS(kms.config)) as unknown as KmsNodeClientSupplier;
    const sealing = new KmsKeyringNode({ generatorKeyId: Arn, clientProvider });
    const { result } = await encrypt(sealing, message, { encryptionContext: context });
    const opening = new KmsKeyringNode({ keyIds: [Arn], clientProvider });
    const { plaintext, messageHeader } = await decrypt(opening, result);
    expect(plaintext).toEqual(message);
    expect(messageHeader.encryptionContext).toMatchObject(context);
    const other = new KmsKeyringNode({ keyIds: [(await kms.createKey()).Arn], clientProvider });
    await expect(decrypt(other, result)).rejects.toThrow();
  });

  it("makes random bytes", async () => {
    const { Plaintext } = await kms.client.send(new GenerateRandomCommand({ NumberOfBytes: 40 }));
    expect(Plaintext).toHaveLength(40);
  });
});

describe("signatures", () => {
  it("are Ed25519 ones that anyone can verify", async () => {
    const { KeyId, Arn } = await createEd25519();
    const request = {
      KeyId,
      Message: message,
      SigningAlgorithm: "ED25519_SHA_512",
      MessageType: "RAW",
    } as const;
    const { Signature = new Uint8Array() } = await kms.client.send(new SignCommand(request));
    const known = await kms.client.send(new GetPublicKeyCommand({ KeyId }));
    expect(known).toMatchObject({
      KeyId: Arn,
      KeySpec: "ECC_NIST_EDWARDS25519",
      SigningAlgorithms: ["ED25519_SHA_512"],
    });
    const publicKey = createPublicKey({
      key: Buffer.from(known.PublicKey ?? []),
      format: "der",
      type: "spki",
    });
    expect(verify(null, message, publicKey, Signature)).toBe(true);
    expect((await kms.client.send(new VerifyCommand({ ...request, Signature }))).SignatureValid).toBe(true);
    await expect(
      kms.client.send(new VerifyCommand({ ...request, Message: Buffer.from("other"), Signature })),
    ).rejects.toMatchObject({ name: "KMSInvalidSignatureException" });
  });

  it("are the same ECDSA ones for a message and its digest", async () => {
    const { KeyId } = await createP256();
    const digest = createHash("sha256").update(message).digest();
    const raw = { KeyId, Message: message, MessageType: "RAW", SigningAlgorithm: "ECDSA_SHA_256" } as const;
    const digested = { ...raw, Message: digest, MessageType: "DIGEST" } as const;
    const signatures = await Promise.all(
      [raw, digested].map((request) => kms.client.send(new SignCommand(request))),
    );
    for (const { Signature } of signatures) {
      for (const request of [raw, digested]) {
        const verified = await kms.client.send(new VerifyCommand({ ...request, Signature }));
        expect(verified.SignatureValid).toBe(true);
      }
    }
  });

  it.each([
    ["InvalidKeyUsageException", { SigningAlgorithm: "ECDSA_SHA_256" }],
    ["ValidationException", { MessageType: "DIGEST", Message: Buffer.alloc(64) }],
    ["ValidationException", { SigningAlgorithm: "ED25519_PH_SHA_512" }],
    ["ValidationException", { Message: Buffer.alloc(4097) }],
  ] as const)("refuse what the key can't do: %s", async (name, change) => {
    const { KeyId } = await createEd25519();
    const request = { KeyId, Message: message, SigningAlgorithm: "ED25519_SHA_512", ...change } as const;
    await expect(kms.client.send(new SignCommand(request))).rejects.toMatchObject({ name });
  });

  it("refuse a digest of another length", async () => {
    const { KeyId } = await createP256();
    const request = {
      KeyId,
      Message: Buffer.alloc(31),
      MessageType: "DIGEST",
      SigningAlgorithm: "ECDSA_SHA_256",
    };
    await expect(kms.client.send(new SignCommand(request as never))).rejects.toThrow(
      "Digest is invalid length",
    );
  });

  it("are not made by a key that encrypts, nor the other way round", async () => {
    const [sealing, signing] = [await kms.createKey(), await createEd25519()];
    const usage = { name: "InvalidKeyUsageException" };
    await expect(
      kms.client.send(
        new SignCommand({ KeyId: sealing.KeyId, Message: message, SigningAlgorithm: "ED25519_SHA_512" }),
      ),
    ).rejects.toMatchObject(usage);
    await expect(
      kms.client.send(new EncryptCommand({ KeyId: signing.KeyId, Plaintext: message })),
    ).rejects.toMatchObject(usage);
  });
});

describe("message authentication codes", () => {
  it("verify for the message alone", async () => {
    const { KeyId } = await createHmacKey();
    const request = { KeyId, Message: message, MacAlgorithm: "HMAC_SHA_256" } as const;
    const { Mac } = await kms.client.send(new GenerateMacCommand(request));
    expect((await kms.client.send(new VerifyMacCommand({ ...request, Mac }))).MacValid).toBe(true);
    await expect(
      kms.client.send(new VerifyMacCommand({ ...request, Message: Buffer.from("other"), Mac })),
    ).rejects.toMatchObject({ name: "KMSInvalidMacException" });
  });
});
