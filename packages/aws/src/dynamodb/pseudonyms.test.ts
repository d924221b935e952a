import { ScanCommand } from "@aws-sdk/client-dynamodb";
import { UnavailableError } from "@countersign/core/error/errors";
import { isReference } from "@countersign/core/subject/pseudonyms";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startDynamoDB, type TestDynamoDB } from "../../test-support/dynamodb.ts";
import { Refusal } from "../../test-support/json-endpoint.ts";
import { startKms, type TestKms } from "../../test-support/kms.ts";
import { createPseudonyms, forgetMapping, type PseudonymsSource } from "./pseudonyms.ts";
import { createSubjectKeys } from "./subject-keys.ts";

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
});

let now = 0;
const clock = { now: () => now };
const mappingKey = Buffer.alloc(32, 7);
const source = () => ({ dynamodb: db.client, table: db.state });
const keys = () => createSubjectKeys({ ...source(), kms: kms.client, keyId: kms.keyArn, clock });
/** References as another process has them. */
const process = (options: Partial<PseudonymsSource> = {}) =>
  createPseudonyms({ ...source(), keys: keys(), mappingKey, clock, ...options });
const subjectNamed = (sub: string) => ({ iss: "https://issuer.example", sub });
const items = async () => (await db.client.send(new ScanCommand({ TableName: db.state }))).Items ?? [];

test("a subject has one reference, in every process, and under its own issuer alone", async () => {
  const ada = subjectNamed("ada@example.com");
  const reference = await process().referenceTo(ada);
  expect(reference.iss).toBe(ada.iss);
  expect(isReference(reference.sub)).toBe(true);
  expect(await process().referenceTo(ada)).toEqual(reference);
  expect(await process().find(ada)).toEqual(reference);
  const elsewhere = await process().referenceTo({ ...ada, iss: "https://other.example" });
  expect(elsewhere.sub).not.toBe(reference.sub);
});

test("whoever was never named has no reference", async () => {
  expect(await process().find(subjectNamed("nobody"))).toBeUndefined();
});

test("processes that meet a new subject at once agree on one reference, and leave no other's key behind", async () => {
  const subject = subjectNamed("bea");
  const before = (await items()).length;
  const references = await Promise.all(Array.from({ length: 8 }, () => process().referenceTo(subject)));
  expect(new Set(references.map(({ sub }) => sub)).size).toBe(1);
  expect((await items()).length - before).toBe(2);
});

test("the table says nothing of the subject: neither its name nor a digest that can be made without the key", async () => {
  const subject = subjectNamed("cem@example.com");
  const { sub: reference } = await process().referenceTo(subject);
  const mapping = (await items()).find((item) => item["s"]?.S === reference);
  expect(
    Buffer.concat([Buffer.from(JSON.stringify(mapping)), mapping?.["c"]?.B ?? Buffer.of()]).toString(
      "latin1",
    ),
  ).not.toContain("cem");
  const otherKey = process({ mappingKey: Buffer.alloc(32, 8) });
  expect(await otherKey.find(subject)).toBeUndefined();
  expect(mapping?.["pk"]?.S).not.toBe(`SUBJECT#${otherKey.mappingOf(subject)}`);
});

test("the name behind a reference is kept under the reference's own key", async () => {
  const subject = subjectNamed("dov");
  const reference = await process().referenceTo(subject);
  const mapping = (await items()).find((item) => item["s"]?.S === reference.sub);
  const kept = {
    key: mapping?.["k"]?.S ?? "",
    ciphertext: Buffer.from(mapping?.["c"]?.B ?? []).toString("base64"),
  };
  expect(await keys().decrypt(reference, kept)).toEqual({ claims: { sub: "dov" } });
});

test("a forgotten subject gets another reference; a process knows the old one for its memory's age and no longer", async () => {
  const subject = subjectNamed("eve");
  const [one, other] = [process({ maxAgeMillis: 1000 }), process()];
  const old = await one.referenceTo(subject);
  await forgetMapping(source(), one.mappingOf(subject), old.sub);
  const next = await other.referenceTo(subject);
  expect(next.sub).not.toBe(old.sub);
  now += 1000;
  expect(await one.referenceTo(subject)).toEqual(next);
});

test("forgetting again does not touch the reference given since", async () => {
  const subject = subjectNamed("fay");
  const old = await process().referenceTo(subject);
  const mapping = process().mappingOf(subject);
  await forgetMapping(source(), mapping, old.sub);
  const next = await process().referenceTo(subject);
  await forgetMapping(source(), mapping, old.sub);
  expect(await process().find(subject)).toEqual(next);
});

test("within the memory's age a process asks once, however many ask it", async () => {
  const subject = subjectNamed("gus");
  const one = process();
  const references = await Promise.all(Array.from({ length: 8 }, () => one.referenceTo(subject)));
  expect(new Set(references.map(({ sub }) => sub)).size).toBe(1);
});

test("a process keeps no more references than it may", async () => {
  const one = process({ maxCached: 2, maxAgeMillis: Number.POSITIVE_INFINITY });
  const subjects = ["h1", "h2", "h3"].map(subjectNamed);
  const [first] = [await one.referenceTo(subjects[0] ?? subjectNamed("h1"))];
  for (const subject of subjects.slice(1)) await one.referenceTo(subject);
  await forgetMapping(source(), one.mappingOf(subjectNamed("h1")), first.sub);
  expect((await one.referenceTo(subjectNamed("h1"))).sub).not.toBe(first.sub);
});

test("while KMS is throttled a new subject has no reference, and has one afterwards", async () => {
  const one = process();
  kms.refuse = new Refusal("ThrottlingException");
  await expect(one.referenceTo(subjectNamed("ida"))).rejects.toBeInstanceOf(UnavailableError);
  kms.refuse = undefined;
  expect(isReference((await one.referenceTo(subjectNamed("ida"))).sub)).toBe(true);
});

test("no two subjects share a mapping, whatever their names are made of", () => {
  const one = process();
  const subject = fc.record({ iss: fc.string(), sub: fc.string() });
  fc.assert(
    fc.property(subject, subject, (a, b) => {
      fc.pre(a.iss !== b.iss || a.sub !== b.sub);
      expect(one.mappingOf(a)).not.toBe(one.mappingOf(b));
    }),
  );
});
