import { randomBytes, randomUUID } from "node:crypto";
import { DynamoDBClient, GetItemCommand, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { IntegrityError, UnavailableError } from "@countersign/core/error/errors";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { loopback, startDynamoDB, type TestDynamoDB } from "../../test-support/dynamodb.ts";
import { Hangup, Refusal, startJsonEndpoint } from "../../test-support/json-endpoint.ts";
import { startKms, type TestKms } from "../../test-support/kms.ts";
import { sampleExecutionArn } from "../../test-support/sample-entries.ts";
import { createSealer, createSealOpener, type SealSource } from "./seal.ts";

let db: TestDynamoDB;
let kms: TestKms;
let source: SealSource & { readonly clock: { now(): number } };
const now = 1_770_000_000_000;
const expiresAt = now + 600_500;
beforeAll(async () => {
  [db, kms] = await Promise.all([startDynamoDB(), startKms()]);
  source = {
    dynamodb: db.client,
    table: db.state,
    kms: kms.client,
    keyId: kms.keyArn,
    clock: { now: () => now },
  };
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await kms[Symbol.asyncDispose]();
});
beforeEach(() => {
  kms.refuse = undefined;
  kms.requests.length = 0;
});

const newContext = () => ({ executionArn: sampleExecutionArn(), redriveCount: 0, grantId: randomUUID() });
const newToken = () => randomBytes(32).toString("base64url");
const keyOf = (context: { executionArn: string; grantId: string }) => ({
  pk: { S: `SEAL#${context.executionArn}#${context.grantId}` },
});

async function stored(context: ReturnType<typeof newContext>) {
  const { Item } = await db.client.send(new GetItemCommand({ TableName: db.state, Key: keyOf(context) }));
  return Item;
}

async function storedBytes(context: ReturnType<typeof newContext>): Promise<Buffer> {
  return Buffer.from((await stored(context))?.["c"]?.B ?? "");
}

async function plant(context: ReturnType<typeof newContext>, bytes: Uint8Array): Promise<void> {
  const Item = { ...keyOf(context), c: { B: bytes } };
  await db.client.send(new PutItemCommand({ TableName: db.state, Item }));
}

test("a sealed token opens under its own execution, redrive and grant", async () => {
  const context = newContext();
  const token = newToken();
  await createSealer(source).prepare(context).store(token, expiresAt);
  expect(await createSealOpener(source).open(context)).toBe(token);
  expect(await createSealOpener(source).open({ ...context, grantId: randomUUID() })).toBeUndefined();
  await expect(createSealOpener(source).open({ ...context, redriveCount: 1 })).rejects.toBeInstanceOf(
    IntegrityError,
  );
});

test("the data key is asked for before there is a token, under the execution and redrive", async () => {
  const context = newContext();
  const seal = createSealer(source).prepare(context);
  await expect.poll(() => kms.requests.length).toBe(1);
  expect(kms.requests[0]).toMatchObject({
    operation: "GenerateDataKey",
    input: { EncryptionContext: { executionArn: context.executionArn, redriveCount: "0" } },
  });
  await seal.store(newToken(), expiresAt);
  expect(kms.requests).toHaveLength(1);
});

test("no token stands in the table", async () => {
  const token = newToken();
  await createSealer(source).prepare(newContext()).store(token, expiresAt);
  const { Items = [] } = await db.client.send(new ScanCommand({ TableName: db.state }));
  const text = Items.map(
    (item) => JSON.stringify(item) + Buffer.from(item["c"]?.B ?? "").toString("latin1"),
  ).join();
  expect(text).not.toContain(token);
  expect(text).not.toContain(Buffer.from(token, "base64url").toString("latin1"));
});

test("a seal put in another's place does not open", async () => {
  const [mine, other] = [newContext(), newContext()];
  await createSealer(source).prepare(other).store(newToken(), expiresAt);
  await plant(mine, await storedBytes(other));
  await expect(createSealOpener(source).open(mine)).rejects.toMatchObject({
    name: "IntegrityError",
    message: expect.stringContaining("it was sealed for another"),
  });
});

test("a seal altered in any part does not open", async () => {
  const context = newContext();
  await createSealer(source).prepare(context).store(newToken(), expiresAt);
  const whole = await storedBytes(context);
  for (let at = 0; at < whole.length; at += 7) {
    const altered = Buffer.from(whole);
    altered[at] = (altered[at] ?? 0) ^ 1;
    await plant(context, altered);
    await expect(createSealOpener(source).open(context)).rejects.toBeInstanceOf(IntegrityError);
  }
  for (const bytes of [whole.subarray(0, 40), whole.subarray(0, -1), Buffer.alloc(1)]) {
    await plant(context, bytes);
    await expect(createSealOpener(source).open(context)).rejects.toBeInstanceOf(IntegrityError);
  }
});

test("a seal under another KMS key does not open", async () => {
  const context = newContext();
  await using elsewhere = await startKms();
  await createSealer({ ...source, kms: elsewhere.client })
    .prepare(context)
    .store(newToken(), expiresAt);
  await expect(createSealOpener(source).open(context)).rejects.toBeInstanceOf(IntegrityError);
});

test("KMS is told which key must have wrapped the data key", async () => {
  const context = newContext();
  await createSealer(source).prepare(context).store(newToken(), expiresAt);
  await createSealOpener({ ...source, keyId: "alias/countersign" }).open(context);
  expect(kms.requests.at(-1)).toMatchObject({ operation: "Decrypt", input: { KeyId: "alias/countersign" } });
});

test("while KMS is throttled sealing and opening are unavailable", async () => {
  const context = newContext();
  await createSealer(source).prepare(context).store(newToken(), expiresAt);
  kms.refuse = new Refusal("ThrottlingException");
  await expect(createSealOpener(source).open(context)).rejects.toBeInstanceOf(UnavailableError);
  await expect(
    createSealer(source).prepare(newContext()).store(newToken(), expiresAt),
  ).rejects.toBeInstanceOf(UnavailableError);
});

test("being denied the key is no integrity error and not to be waited out", async () => {
  const context = newContext();
  await createSealer(source).prepare(context).store(newToken(), expiresAt);
  kms.refuse = new Refusal("AccessDeniedException");
  await expect(createSealOpener(source).open(context)).rejects.toMatchObject({
    name: "AccessDeniedException",
  });
});

test("a prepared seal that is never used leaves no failure behind", async () => {
  kms.refuse = new Refusal("ThrottlingException");
  createSealer(source).prepare(newContext());
  await expect.poll(() => kms.requests.length).toBe(1);
});

test("a prepared seal is stored once", async () => {
  const seal = createSealer(source).prepare(newContext());
  await seal.store(newToken(), expiresAt);
  await expect(seal.store(newToken(), expiresAt)).rejects.toBeInstanceOf(TypeError);
});

test.each([
  ["an hour after its token's end", expiresAt, Math.ceil(expiresAt / 1000) + 3600],
  ["25 hours from now where its token has no end known", undefined, now / 1000 + 25 * 3600],
])("a seal lives until %s", async (_, end, expected) => {
  const context = newContext();
  await createSealer(source).prepare(context).store(newToken(), end);
  expect((await stored(context))?.["x"]).toEqual({ N: String(expected) });
});

test("a discarded seal is gone, and no other; discarding it again is success", async () => {
  const context = newContext();
  const another = { ...context, grantId: randomUUID() };
  const token = newToken();
  await createSealer(source).prepare(context).store(newToken(), expiresAt);
  await createSealer(source).prepare(another).store(token, expiresAt);
  const opener = createSealOpener(source);
  await opener.discard(context);
  await opener.discard(context);
  expect(await opener.open(context)).toBeUndefined();
  expect(await stored(context)).toBeUndefined();
  expect(await opener.open(another)).toBe(token);
});

test("a seal that can't be discarded now is unavailable", async () => {
  await using endpoint = await startJsonEndpoint({
    DeleteItem: () => {
      throw new Hangup();
    },
  });
  const dynamodb = new DynamoDBClient({ ...loopback, endpoint: endpoint.url, maxAttempts: 1 });
  await expect(createSealOpener({ ...source, dynamodb }).discard(newContext())).rejects.toBeInstanceOf(
    UnavailableError,
  );
  dynamodb.destroy();
});
