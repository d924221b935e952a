import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  ListAliasesCommand,
  ListKeysCommand,
  ScheduleKeyDeletionCommand,
} from "@aws-sdk/client-kms";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type KmsEndpoint, startKmsEndpoint } from "./test-endpoint.ts";

const message = Buffer.from("a checkpoint");
const context = { execution: "arn:x", redriveCount: "0" };
const day = 86_400_000;

let kms: KmsEndpoint;

beforeEach(async () => {
  kms = await startKmsEndpoint();
});

afterEach(() => kms.remove());

async function encrypt(KeyId: string): Promise<Uint8Array> {
  const sealed = await kms.client.send(
    new EncryptCommand({ KeyId, Plaintext: message, EncryptionContext: context }),
  );
  return sealed.CiphertextBlob ?? new Uint8Array();
}

describe("keys", () => {
  it("go by id, ARN, alias and alias ARN", async () => {
    const { KeyId, Arn } = await kms.createKey({ Description: "seal" });
    await kms.client.send(new CreateAliasCommand({ AliasName: "alias/seal", TargetKeyId: Arn }));
    const { Aliases } = await kms.client.send(new ListAliasesCommand({ KeyId }));
    expect(Aliases).toMatchObject([{ AliasName: "alias/seal", TargetKeyId: KeyId }]);
    for (const reference of [KeyId, Arn, "alias/seal", Aliases?.[0]?.AliasArn ?? ""]) {
      const { KeyMetadata } = await kms.client.send(new DescribeKeyCommand({ KeyId: reference }));
      expect(KeyMetadata).toMatchObject({
        Arn,
        Description: "seal",
        KeyState: "Enabled",
        KeySpec: "SYMMETRIC_DEFAULT",
        EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
        CreationDate: new Date(kms.clock),
      });
      expect(await encrypt(reference)).toHaveLength(45 + message.length);
    }
    await kms.client.send(new DeleteAliasCommand({ AliasName: "alias/seal" }));
    await expect(kms.client.send(new DescribeKeyCommand({ KeyId: "alias/seal" }))).rejects.toThrow(
      "is not found",
    );
  });

  it.each([
    "alias/none",
    "none",
    "2d1ad5e2-6c3f-4b4e-9a57-2f3c1f0d8f00",
    "arn:aws:kms:eu-west-1:1:key/x",
  ])("answers NotFoundException to %s", async (KeyId) => {
    await expect(kms.client.send(new DescribeKeyCommand({ KeyId }))).rejects.toMatchObject({
      name: "NotFoundException",
    });
  });

  it("take no alias where AWS takes none", async () => {
    const { KeyId } = await kms.createKey();
    await kms.client.send(new CreateAliasCommand({ AliasName: "alias/a", TargetKeyId: KeyId }));
    await expect(kms.client.send(new DisableKeyCommand({ KeyId: "alias/a" }))).rejects.toMatchObject({
      name: "NotFoundException",
    });
  });

  it.each([
    ["AlreadyExistsException", "alias/a"],
    ["InvalidAliasNameException", "a"],
    ["NotAuthorizedException", "alias/aws/a"],
  ])("refuse an alias with %s", async (name, AliasName) => {
    const { KeyId } = await kms.createKey();
    await kms.client.send(new CreateAliasCommand({ AliasName: "alias/a", TargetKeyId: KeyId }));
    await expect(
      kms.client.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyId })),
    ).rejects.toMatchObject({ name });
  });

  it("are listed in pages", async () => {
    const made = [await kms.createKey(), await kms.createKey(), await kms.createKey()].map(
      ({ KeyId }) => KeyId,
    );
    const first = await kms.client.send(new ListKeysCommand({ Limit: 2 }));
    expect(first.Truncated).toBe(true);
    const second = await kms.client.send(new ListKeysCommand({ Limit: 2, Marker: first.NextMarker }));
    expect(second.Truncated).toBe(false);
    expect([...(first.Keys ?? []), ...(second.Keys ?? [])].map(({ KeyId }) => KeyId)).toEqual(
      made.toSorted(),
    );
    await expect(kms.client.send(new ListKeysCommand({ Marker: "x" }))).rejects.toMatchObject({
      name: "InvalidMarkerException",
    });
  });

  it("do nothing while disabled", async () => {
    const { KeyId, Arn } = await kms.createKey();
    const CiphertextBlob = await encrypt(KeyId);
    await kms.client.send(new DisableKeyCommand({ KeyId }));
    const decrypt = () => kms.client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context }));
    await expect(decrypt()).rejects.toMatchObject({
      name: "DisabledException",
      message: `${Arn} is disabled.`,
    });
    await kms.client.send(new EnableKeyCommand({ KeyId }));
    expect((await decrypt()).Plaintext).toHaveLength(message.length);
  });

  it("do nothing while they wait for deletion, and come back disabled", async () => {
    const { KeyId } = await kms.createKey();
    const answer = await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    expect(answer).toMatchObject({
      KeyState: "PendingDeletion",
      DeletionDate: new Date(kms.clock + 7 * day),
    });
    const state = { name: "KMSInvalidStateException" };
    await expect(encrypt(KeyId)).rejects.toMatchObject(state);
    await expect(kms.client.send(new EnableKeyCommand({ KeyId }))).rejects.toMatchObject(state);
    await expect(kms.client.send(new ScheduleKeyDeletionCommand({ KeyId }))).rejects.toMatchObject(state);
    await kms.client.send(new CancelKeyDeletionCommand({ KeyId }));
    await expect(encrypt(KeyId)).rejects.toMatchObject({ name: "DisabledException" });
    await expect(kms.client.send(new CancelKeyDeletionCommand({ KeyId }))).rejects.toMatchObject(state);
  });

  it("are gone with their aliases when the wait is over", async () => {
    const { KeyId } = await kms.createKey();
    await kms.client.send(new CreateAliasCommand({ AliasName: "alias/a", TargetKeyId: KeyId }));
    await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    kms.clock += 7 * day;
    await expect(kms.client.send(new DescribeKeyCommand({ KeyId }))).rejects.toThrow("does not exist");
    expect((await kms.client.send(new ListAliasesCommand({}))).Aliases).toEqual([]);
  });

  it("outlive a restart, and their secrets are in no file but wrapped", async () => {
    const { KeyId } = await kms.createKey();
    const { Plaintext = new Uint8Array(), CiphertextBlob } = await kms.client.send(
      new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256" }),
    );
    await kms.restart();
    const opened = await kms.client.send(new DecryptCommand({ CiphertextBlob }));
    expect(opened.Plaintext).toEqual(Plaintext);
    const rootKey = readFileSync(join(kms.folder, "root.key"));
    for (const file of readdirSync(kms.folder).filter((name) => name !== "root.key")) {
      const bytes = readFileSync(join(kms.folder, file));
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
    await expect(kms.client.send(command() as CreateKeyCommand)).rejects.toThrow(name);
  });

  it("answer UnknownOperationException to what isn't done", async () => {
    const grant = new CreateGrantCommand({ KeyId: "x", GranteePrincipal: "p", Operations: ["Decrypt"] });
    await expect(kms.client.send(grant)).rejects.toMatchObject({ name: "UnknownOperationException" });
  });
});
