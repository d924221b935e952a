import { ScanCommand } from "@aws-sdk/client-dynamodb";
import type { Subject } from "@countersign/core/entry/entry";
import { IntegrityError, UnavailableError } from "@countersign/core/error/errors";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startDynamoDB, type TestDynamoDB } from "../../test-support/dynamodb.ts";
import { Refusal } from "../../test-support/json-endpoint.ts";
import { startKms, type TestKms } from "../../test-support/kms.ts";
import { createSubjectKeys, destroyKey, destroyKeyForGood, type SubjectKeysSource } from "./subject-keys.ts";

let db: TestDynamoDB;
let kms: TestKms;
beforeAll(async () => {
  [db, kms] = await Promise.all([startDynamoDB(), startKms()]);
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await kms[Symbol.asyncDispose]();
});
beforeEach(() => {
  kms.refuse = undefined;
  kms.requests.length = 0;
});

let now = 0;
const keys = (options: Partial<SubjectKeysSource> = {}) =>
  createSubjectKeys({
    dynamodb: db.client,
    table: db.state,
    kms: kms.client,
    keyId: kms.keyArn,
    clock: { now: () => now },
    ...options,
  });
const subjectNamed = (sub: string) => ({ iss: "https://issuer.example", sub });
const data = { sourceIp: "203.0.113.7", userAgent: "curl/8", claims: { email: "ada@example.com" } };

test("personal data is read back by another process, and stands nowhere in clear", async () => {
  const subject = subjectNamed("ada");
  const personal = await keys().encrypt(subject, data);
  expect(await keys().decrypt(subject, personal)).toEqual(data);
  const { Items } = await db.client.send(new ScanCommand({ TableName: db.state }));
  const stored =
    Buffer.from(personal.ciphertext, "base64").toString("latin1") + JSON.stringify([Items, personal.key]);
  for (const text of ["203.0.113.7", "ada@example.com", "ada", "issuer.example"]) {
    expect(stored).not.toContain(text);
  }
});

test("what encryption adds is under 290 bytes of base64", async () => {
  const { ciphertext } = await keys().encrypt(subjectNamed("small"), {});
  expect(ciphertext.length).toBeLessThan(290);
});

test("the subject's key is wrapped for its purpose and subject", async () => {
  await keys().encrypt(subjectNamed("bea"), data);
  const [request] = kms.requests;
  expect(request?.operation).toBe("GenerateDataKey");
  expect(request?.input["EncryptionContext"]).toEqual({
    purpose: "personal-data",
    subject: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
  });
});

test("processes that meet a new subject at once agree on one key", async () => {
  const subject = subjectNamed("cem");
  const results = await Promise.all(Array.from({ length: 8 }, () => keys().encrypt(subject, data)));
  expect(new Set(results.map(({ key }) => key)).size).toBe(1);
  for (const personal of results) expect(await keys().decrypt(subject, personal)).toEqual(data);
});

test("a process asks KMS once for however many uses within the key's age", async () => {
  const subject = subjectNamed("dov");
  const one = keys({ maxAgeMillis: 1000 });
  await Promise.all(Array.from({ length: 8 }, () => one.encrypt(subject, data)));
  expect(kms.requests).toHaveLength(1);
  now += 1000;
  await one.encrypt(subject, data);
  expect(kms.requests.map(({ operation }) => operation)).toEqual(["GenerateDataKey", "Decrypt"]);
});

test("the key used longest ago makes room for a new one", async () => {
  const one = keys({ maxCached: 2 });
  for (const sub of ["e1", "e2", "e1", "e3", "e1", "e2"]) await one.encrypt(subjectNamed(sub), data);
  expect(kms.requests.map(({ operation }) => operation)).toEqual([
    "GenerateDataKey",
    "GenerateDataKey",
    "GenerateDataKey",
    "Decrypt",
  ]);
});

const source = () => ({ dynamodb: db.client, table: db.state });
async function destroyStanding(subject: Subject): Promise<void> {
  const key = await keys().standing(subject);
  if (key) await destroyKey(source(), key);
}

test("what was encrypted under a destroyed key is erased, also for a process that holds the key", async () => {
  const subject = subjectNamed("fay");
  const [one, holding] = [keys(), keys()];
  const personal = await one.encrypt(subject, data);
  expect(await holding.decrypt(subject, personal)).toEqual(data);
  await destroyStanding(subject);
  expect(await one.decrypt(subject, personal)).toBe("erased");
  expect(await holding.decrypt(subject, personal)).toBe("erased");
});

test("a process that holds a destroyed key encrypts to nobody, and under a new key once that is too old", async () => {
  const subject = subjectNamed("ivy");
  const holding = keys({ maxAgeMillis: 1000 });
  const before = await holding.encrypt(subject, data);
  await destroyStanding(subject);
  const meanwhile = await holding.encrypt(subject, data);
  expect(await keys().decrypt(subject, meanwhile)).toBe("erased");
  now += 1000;
  const after = await holding.encrypt(subject, data);
  expect(await keys().decrypt(subject, after)).toEqual(data);
  expect(await holding.decrypt(subject, before)).toBe("erased");
  expect(await holding.decrypt(subject, meanwhile)).toBe("erased");
});

test("to destroy a key again does not touch the one made since", async () => {
  const subject = subjectNamed("jan");
  await keys().encrypt(subject, data);
  const key = await keys().standing(subject);
  if (!key) throw new Error("no key stands");
  await destroyKey(source(), key);
  const after = await keys().encrypt(subject, data);
  await destroyKey(source(), key);
  expect(await keys().decrypt(subject, after)).toEqual(data);
});

test("a subject whose key was destroyed for good has none again, and what is encrypted for it can't be read", async () => {
  const subject = subjectNamed("kim");
  const holding = keys();
  const before = await holding.encrypt(subject, data);
  await destroyKeyForGood(source(), subject);
  const after = await Promise.all([holding, keys()].map((process) => process.encrypt(subject, data)));
  for (const personal of [before, ...after]) expect(await keys().decrypt(subject, personal)).toBe("erased");
  expect(await keys().standing(subject)).toBeUndefined();
  await destroyKeyForGood(source(), subject);
  expect(await keys().standing(subject)).toBeUndefined();
});

test("altered ciphertext is an integrity error that names the key", async () => {
  const subject = subjectNamed("gus");
  const personal = await keys().encrypt(subject, data);
  const bytes = Buffer.from(personal.ciphertext, "base64");
  bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 1;
  const error = await keys()
    .decrypt(subject, { ...personal, ciphertext: bytes.toString("base64") })
    .catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(IntegrityError);
  expect((error as Error).message).toContain(personal.key);
});

test("while KMS is throttled encryption is unavailable, and works afterwards", async () => {
  const one = keys();
  kms.refuse = new Refusal("ThrottlingException");
  await expect(one.encrypt(subjectNamed("hal"), data)).rejects.toBeInstanceOf(UnavailableError);
  kms.refuse = undefined;
  expect((await one.encrypt(subjectNamed("hal"), data)).key).toHaveLength(22);
});
