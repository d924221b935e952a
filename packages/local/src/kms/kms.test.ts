import { createHash, createPublicKey, verify } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  buildClient,
  CommitmentPolicy,
  KmsKeyringNode,
  type KmsNodeClientSupplier,
} from "@aws-crypto/client-node";
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GenerateRandomCommand,
  GetPublicKeyCommand,
  KMS,
  KMSClient,
  type KMSClientConfig,
  ListAliasesCommand,
  ListKeysCommand,
  ReEncryptCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  VerifyCommand,
  VerifyMacCommand,
} from "@aws-sdk/client-kms";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { awsJsonListener } from "../wire/aws-json.ts";
import { openDatabase } from "../wire/database.ts";
import { createKms } from "./kms.ts";

const message = Buffer.from("a checkpoint");
const context = { execution: "arn:x", redriveCount: "0" };
const day = 86_400_000;

let folder: string;
let server: Server;
let client: KMSClient;
let config: KMSClientConfig;
let clock: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "kms-"));
  clock = 1_700_000_000_000;
  await start();
});

afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

async function start(): Promise<void> {
  const database = openDatabase(join(folder, "state.sqlite"));
  const kms = createKms({ database, keyFile: join(folder, "root.key"), now: () => clock });
  server = createServer(awsJsonListener([kms.service]));
  server.on("close", () => database.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  config = {
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
  };
  client = new KMSClient(config);
}

async function stop(): Promise<void> {
  client.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

async function createKey(input: CreateKeyCommandInput = {}) {
  const { KeyMetadata } = await client.send(new CreateKeyCommand(input));
  return { KeyId: KeyMetadata?.KeyId ?? "", Arn: KeyMetadata?.Arn ?? "" };
}

const createEd25519 = () => createKey({ KeySpec: "ECC_NIST_EDWARDS25519", KeyUsage: "SIGN_VERIFY" });
const createP256 = () => createKey({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
const createHmacKey = () => createKey({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" });

async function encrypt(KeyId: string): Promise<Uint8Array> {
  const sealed = await client.send(
    new EncryptCommand({ KeyId, Plaintext: message, EncryptionContext: context }),
  );
  return sealed.CiphertextBlob ?? new Uint8Array();
}

describe("encryption", () => {
  it("decrypts what it encrypted, under the context in any order", async () => {
    const { KeyId, Arn } = await createKey();
    const CiphertextBlob = await encrypt(KeyId);
    const EncryptionContext = { redriveCount: "0", execution: "arn:x" };
    const opened = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    expect(Buffer.from(opened.Plaintext ?? [])).toEqual(message);
    expect(opened.KeyId).toBe(Arn);
  });

  it.each([
    ["another context", { ...context, redriveCount: "1" }],
    ["no context", {}],
    ["a context cut elsewhere", { executiona: "rn:x", redriveCount: "0" }],
  ])("refuses %s", async (_title, EncryptionContext) => {
    const { KeyId } = await createKey();
    const CiphertextBlob = await encrypt(KeyId);
    await expect(
      client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext })),
    ).rejects.toMatchObject({
      name: "InvalidCiphertextException",
    });
  });

  it("refuses a ciphertext with any byte changed", async () => {
    const { KeyId } = await createKey();
    const sealed = await encrypt(KeyId);
    for (const index of [0, 5, 20, 40, sealed.length - 1]) {
      const CiphertextBlob = Uint8Array.from(sealed);
      CiphertextBlob[index] = (CiphertextBlob[index] ?? 0) ^ 1;
      await expect(
        client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context })),
      ).rejects.toMatchObject({ name: "InvalidCiphertextException" });
    }
  });

  it("refuses to decrypt under another key than the caller expects", async () => {
    const [right, wrong] = [await createKey(), await createKey()];
    const CiphertextBlob = await encrypt(right.KeyId);
    const decrypt = (KeyId: string) =>
      client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context, KeyId }));
    await expect(decrypt(wrong.Arn)).rejects.toMatchObject({ name: "IncorrectKeyException" });
    expect((await decrypt(right.Arn)).KeyId).toBe(right.Arn);
  });

  it("makes data keys of the asked length", async () => {
    const { KeyId } = await createKey();
    const made = await client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256" }));
    expect(made.Plaintext).toHaveLength(32);
    const { CiphertextBlob } = await client.send(
      new GenerateDataKeyWithoutPlaintextCommand({ KeyId, NumberOfBytes: 24, EncryptionContext: context }),
    );
    const opened = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context }));
    expect(opened.Plaintext).toHaveLength(24);
    await expect(client.send(new GenerateDataKeyCommand({ KeyId }))).rejects.toThrow(
      "either number of bytes",
    );
  });

  it("encrypts anew under another key and context", async () => {
    const [from, to] = [await createKey(), await createKey()];
    const { CiphertextBlob } = await client.send(
      new ReEncryptCommand({
        CiphertextBlob: await encrypt(from.KeyId),
        SourceEncryptionContext: context,
        DestinationKeyId: to.KeyId,
      }),
    );
    const opened = await client.send(new DecryptCommand({ CiphertextBlob, KeyId: to.KeyId }));
    expect(Buffer.from(opened.Plaintext ?? [])).toEqual(message);
  });

  it("serves the AWS Encryption SDK with commitment and an encryption context", async () => {
    const { Arn } = await createKey();
    const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
    // The library's types don't know exactOptionalPropertyTypes; the client is the one it asks for.
    const clientProvider = (() => new KMS(config)) as unknown as KmsNodeClientSupplier;
    const sealing = new KmsKeyringNode({ generatorKeyId: Arn, clientProvider });
    const { result } = await encrypt(sealing, message, { encryptionContext: context });
    const opening = new KmsKeyringNode({ keyIds: [Arn], clientProvider });
    const { plaintext, messageHeader } = await decrypt(opening, result);
    expect(plaintext).toEqual(message);
    expect(messageHeader.encryptionContext).toMatchObject(context);
    const other = new KmsKeyringNode({ keyIds: [(await createKey()).Arn], clientProvider });
    await expect(decrypt(other, result)).rejects.toThrow();
  });

  it("makes random bytes", async () => {
    const { Plaintext } = await client.send(new GenerateRandomCommand({ NumberOfBytes: 40 }));
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
    const { Signature = new Uint8Array() } = await client.send(new SignCommand(request));
    const known = await client.send(new GetPublicKeyCommand({ KeyId }));
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
    expect((await client.send(new VerifyCommand({ ...request, Signature }))).SignatureValid).toBe(true);
    await expect(
      client.send(new VerifyCommand({ ...request, Message: Buffer.from("other"), Signature })),
    ).rejects.toMatchObject({ name: "KMSInvalidSignatureException" });
  });

  it("are the same ECDSA ones for a message and its digest", async () => {
    const { KeyId } = await createP256();
    const digest = createHash("sha256").update(message).digest();
    const raw = { KeyId, Message: message, MessageType: "RAW", SigningAlgorithm: "ECDSA_SHA_256" } as const;
    const digested = { ...raw, Message: digest, MessageType: "DIGEST" } as const;
    const signatures = await Promise.all(
      [raw, digested].map((request) => client.send(new SignCommand(request))),
    );
    for (const { Signature } of signatures) {
      for (const request of [raw, digested]) {
        const verified = await client.send(new VerifyCommand({ ...request, Signature }));
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
    await expect(client.send(new SignCommand(request))).rejects.toMatchObject({ name });
  });

  it("refuse a digest of another length", async () => {
    const { KeyId } = await createP256();
    const request = {
      KeyId,
      Message: Buffer.alloc(31),
      MessageType: "DIGEST",
      SigningAlgorithm: "ECDSA_SHA_256",
    };
    await expect(client.send(new SignCommand(request as never))).rejects.toThrow("Digest is invalid length");
  });

  it("are not made by a key that encrypts, nor the other way round", async () => {
    const [sealing, signing] = [await createKey(), await createEd25519()];
    const usage = { name: "InvalidKeyUsageException" };
    await expect(
      client.send(
        new SignCommand({ KeyId: sealing.KeyId, Message: message, SigningAlgorithm: "ED25519_SHA_512" }),
      ),
    ).rejects.toMatchObject(usage);
    await expect(
      client.send(new EncryptCommand({ KeyId: signing.KeyId, Plaintext: message })),
    ).rejects.toMatchObject(usage);
  });
});

describe("message authentication codes", () => {
  it("verify for the message alone", async () => {
    const { KeyId } = await createHmacKey();
    const request = { KeyId, Message: message, MacAlgorithm: "HMAC_SHA_256" } as const;
    const { Mac } = await client.send(new GenerateMacCommand(request));
    expect((await client.send(new VerifyMacCommand({ ...request, Mac }))).MacValid).toBe(true);
    await expect(
      client.send(new VerifyMacCommand({ ...request, Message: Buffer.from("other"), Mac })),
    ).rejects.toMatchObject({ name: "KMSInvalidMacException" });
  });
});

describe("keys", () => {
  it("go by id, ARN, alias and alias ARN", async () => {
    const { KeyId, Arn } = await createKey({ Description: "seal" });
    await client.send(new CreateAliasCommand({ AliasName: "alias/seal", TargetKeyId: Arn }));
    const { Aliases } = await client.send(new ListAliasesCommand({ KeyId }));
    expect(Aliases).toMatchObject([{ AliasName: "alias/seal", TargetKeyId: KeyId }]);
    for (const reference of [KeyId, Arn, "alias/seal", Aliases?.[0]?.AliasArn ?? ""]) {
      const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: reference }));
      expect(KeyMetadata).toMatchObject({
        Arn,
        Description: "seal",
        KeyState: "Enabled",
        KeySpec: "SYMMETRIC_DEFAULT",
        EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
        CreationDate: new Date(clock),
      });
      expect(await encrypt(reference)).toHaveLength(45 + message.length);
    }
    await client.send(new DeleteAliasCommand({ AliasName: "alias/seal" }));
    await expect(client.send(new DescribeKeyCommand({ KeyId: "alias/seal" }))).rejects.toThrow(
      "is not found",
    );
  });

  it.each([
    "alias/none",
    "none",
    "2d1ad5e2-6c3f-4b4e-9a57-2f3c1f0d8f00",
    "arn:aws:kms:eu-west-1:1:key/x",
  ])("answers NotFoundException to %s", async (KeyId) => {
    await expect(client.send(new DescribeKeyCommand({ KeyId }))).rejects.toMatchObject({
      name: "NotFoundException",
    });
  });

  it("take no alias where AWS takes none", async () => {
    const { KeyId } = await createKey();
    await client.send(new CreateAliasCommand({ AliasName: "alias/a", TargetKeyId: KeyId }));
    await expect(client.send(new DisableKeyCommand({ KeyId: "alias/a" }))).rejects.toMatchObject({
      name: "NotFoundException",
    });
  });

  it.each([
    ["AlreadyExistsException", "alias/a"],
    ["InvalidAliasNameException", "a"],
    ["NotAuthorizedException", "alias/aws/a"],
  ])("refuse an alias with %s", async (name, AliasName) => {
    const { KeyId } = await createKey();
    await client.send(new CreateAliasCommand({ AliasName: "alias/a", TargetKeyId: KeyId }));
    await expect(
      client.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyId })),
    ).rejects.toMatchObject({ name });
  });

  it("are listed in pages", async () => {
    const made = [await createKey(), await createKey(), await createKey()].map(({ KeyId }) => KeyId);
    const first = await client.send(new ListKeysCommand({ Limit: 2 }));
    expect(first.Truncated).toBe(true);
    const second = await client.send(new ListKeysCommand({ Limit: 2, Marker: first.NextMarker }));
    expect(second.Truncated).toBe(false);
    expect([...(first.Keys ?? []), ...(second.Keys ?? [])].map(({ KeyId }) => KeyId)).toEqual(
      made.toSorted(),
    );
    await expect(client.send(new ListKeysCommand({ Marker: "x" }))).rejects.toMatchObject({
      name: "InvalidMarkerException",
    });
  });

  it("do nothing while disabled", async () => {
    const { KeyId, Arn } = await createKey();
    const CiphertextBlob = await encrypt(KeyId);
    await client.send(new DisableKeyCommand({ KeyId }));
    const decrypt = () => client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context }));
    await expect(decrypt()).rejects.toMatchObject({
      name: "DisabledException",
      message: `${Arn} is disabled.`,
    });
    await client.send(new EnableKeyCommand({ KeyId }));
    expect((await decrypt()).Plaintext).toHaveLength(message.length);
  });

  it("do nothing while they wait for deletion, and come back disabled", async () => {
    const { KeyId } = await createKey();
    const answer = await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    expect(answer).toMatchObject({ KeyState: "PendingDeletion", DeletionDate: new Date(clock + 7 * day) });
    const state = { name: "KMSInvalidStateException" };
    await expect(encrypt(KeyId)).rejects.toMatchObject(state);
    await expect(client.send(new EnableKeyCommand({ KeyId }))).rejects.toMatchObject(state);
    await expect(client.send(new ScheduleKeyDeletionCommand({ KeyId }))).rejects.toMatchObject(state);
    await client.send(new CancelKeyDeletionCommand({ KeyId }));
    await expect(encrypt(KeyId)).rejects.toMatchObject({ name: "DisabledException" });
    await expect(client.send(new CancelKeyDeletionCommand({ KeyId }))).rejects.toMatchObject(state);
  });

  it("are gone with their aliases when the wait is over", async () => {
    const { KeyId } = await createKey();
    await client.send(new CreateAliasCommand({ AliasName: "alias/a", TargetKeyId: KeyId }));
    await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    clock += 7 * day;
    await expect(client.send(new DescribeKeyCommand({ KeyId }))).rejects.toThrow("does not exist");
    expect((await client.send(new ListAliasesCommand({}))).Aliases).toEqual([]);
  });

  it("outlive a restart, and their secrets are in no file but wrapped", async () => {
    const { KeyId } = await createKey();
    const { Plaintext = new Uint8Array(), CiphertextBlob } = await client.send(
      new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256" }),
    );
    await stop();
    await start();
    const opened = await client.send(new DecryptCommand({ CiphertextBlob }));
    expect(opened.Plaintext).toEqual(Plaintext);
    const rootKey = readFileSync(join(folder, "root.key"));
    for (const file of readdirSync(folder).filter((name) => name !== "root.key")) {
      const bytes = readFileSync(join(folder, file));
      expect(bytes.includes(rootKey)).toBe(false);
      expect(bytes.includes(Buffer.from(Plaintext))).toBe(false);
    }
  });
});

describe("refusals", () => {
  it.each([
    ["KeyUsage", () => new CreateKeyCommand({ KeySpec: "HMAC_256" })],
    ["not compatible", () => new CreateKeyCommand({ KeySpec: "HMAC_256", KeyUsage: "SIGN_VERIFY" })],
    ["KeySpec", () => new CreateKeyCommand({ KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" })],
    ["Policy", () => new CreateKeyCommand({ Policy: "{}" })],
    ["Tags", () => new CreateKeyCommand({ Tags: [{ TagKey: "a", TagValue: "b" }] })],
    ["MultiRegion", () => new CreateKeyCommand({ MultiRegion: true })],
    ["PendingWindowInDays", () => new ScheduleKeyDeletionCommand({ KeyId: "x", PendingWindowInDays: 6 })],
    ["GrantTokens", () => new EncryptCommand({ KeyId: "x", Plaintext: message, GrantTokens: ["g"] })],
    ["DryRun", () => new EncryptCommand({ KeyId: "x", Plaintext: message, DryRun: true })],
    ["Plaintext", () => new EncryptCommand({ KeyId: "x", Plaintext: Buffer.alloc(4097) })],
  ])("name %s", async (name, command) => {
    await expect(client.send(command() as CreateKeyCommand)).rejects.toThrow(name);
  });

  it("answer UnknownOperationException to what isn't done", async () => {
    const grant = new CreateGrantCommand({ KeyId: "x", GranteePrincipal: "p", Operations: ["Decrypt"] });
    await expect(client.send(grant)).rejects.toMatchObject({ name: "UnknownOperationException" });
  });
});
