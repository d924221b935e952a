import { ScanCommand } from "@aws-sdk/client-dynamodb";
import type { PersonalData, Subject } from "@countersign/core/entry/entry";
import { eraseSubject } from "@countersign/core/subject/erase-subject";
import type { Erasure } from "@countersign/core/subject/subject-records";
import { sweepErasures } from "@countersign/core/subject/sweep-erasures";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Crash, type CrashPoint, Faults } from "../../../core/test-support/faults.ts";
import { tokenWith } from "../../../core/test-support/fixtures.ts";
import { startDynamoDB, type TestDynamoDB } from "../../test-support/dynamodb.ts";
import { startKms, type TestKms } from "../../test-support/kms.ts";
import { authorizedFields, sampleExecutionArn } from "../../test-support/sample-entries.ts";
import { createErasureIntents } from "./erasures.ts";
import { createLedgerReader, createLedgerWriter } from "./ledger.ts";
import { createPseudonyms } from "./pseudonyms.ts";
import { createSubjectKeys } from "./subject-keys.ts";
import { createSubjectRecordDestroyer, createSubjectRecordFinder } from "./subject-records.ts";

let db: TestDynamoDB;
let kms: TestKms;
beforeAll(async () => {
  [db, kms] = await Promise.all([startDynamoDB(), startKms()]);
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await kms[Symbol.asyncDispose]();
});

const clock = { now: Date.now };
const issuer = "https://issuer.example";
const data: PersonalData = { sourceIp: "203.0.113.7" };

type Mode = "identifier" | "pseudonym";

/** What one process has to do with subjects; it may die at one request to DynamoDB. */
function processOf(subjects: Mode, crashAt?: CrashPoint) {
  const faults = new Faults(crashAt);
  const dynamodb = faults.watch("dynamodb", db.client);
  const state = { dynamodb, table: db.state };
  const ledger = { dynamodb, table: db.ledger, clock };
  const keys = createSubjectKeys({ ...state, kms: kms.client, keyId: kms.keyArn, clock });
  const pseudonyms = createPseudonyms({ ...state, keys, mappingKey: Buffer.alloc(32, 7), clock });
  return {
    faults,
    keys,
    pseudonyms,
    entries: createLedgerReader(ledger),
    deps: {
      clock,
      subjects,
      ledger: createLedgerWriter(ledger),
      finder: createSubjectRecordFinder(keys, pseudonyms),
      destroyer: createSubjectRecordDestroyer(state),
      erasures: createErasureIntents(state),
    },
  };
}

async function intents(): Promise<Erasure[]> {
  const standing: Erasure[] = [];
  const state = { dynamodb: db.client, table: db.state };
  for await (const erasure of createErasureIntents(state).list()) standing.push(erasure);
  return standing;
}

async function entryBytes(): Promise<Map<string, string>> {
  const { Items = [] } = await db.client.send(new ScanCommand({ TableName: db.ledger }));
  return new Map(
    Items.filter((item) => item["e"]?.B).map((item) => [
      `${item["pk"]?.S} ${item["sk"]?.S}`,
      Buffer.from(item["e"]?.B ?? []).toString("base64"),
    ]),
  );
}

const token = tokenWith({ subject: { iss: issuer, sub: "operator" }, clientId: "operator" });

test.each([
  "identifier",
  "pseudonym",
] as const)("by %s: after an erasure the personal data of before is gone and the entries stay, byte for byte", async (mode) => {
  const provided = { iss: issuer, sub: `ada of ${mode}` };
  const { keys, pseudonyms, deps, entries } = processOf(mode);
  const named = async () => (mode === "pseudonym" ? pseudonyms.referenceTo(provided) : provided);
  const subject = await named();
  const personal = await keys.encrypt(subject, data);
  const executionArn = sampleExecutionArn();
  await deps.ledger.append(authorizedFields(executionArn, { subject, personal }));
  expect(await keys.decrypt(subject, personal)).toEqual(data);
  const before = await entryBytes();

  const { entryId, found } = await eraseSubject(deps, { subject: provided, token });
  expect(found).toBe(true);
  expect(await processOf(mode).keys.decrypt(subject, personal)).toBe("erased");
  const after = await entryBytes();
  for (const [key, bytes] of before) expect(after.get(key)).toBe(bytes);
  const window = { from: 0, to: Date.now() + 1000, limit: 10 };
  const page = await entries.query({ by: "execution", executionArn }, window);
  expect(page.entries).toMatchObject([{ subject, personal }]);
  const recorded = (await entries.query({ by: "time" }, { ...window, from: Date.now() - 60_000 })).entries;
  expect(recorded.find((entry) => entry.entryId === entryId)).toMatchObject({
    action: "subject.erased",
    detail: { erased: subject, found: true },
  });

  const again = await processOf(mode).pseudonyms.find(provided);
  expect(again).toBeUndefined();
  if (mode === "pseudonym") {
    expect((await processOf(mode).pseudonyms.referenceTo(provided)).sub).not.toBe(subject.sub);
    expect([...after.values()].map((bytes) => Buffer.from(bytes, "base64").toString()).join()).not.toContain(
      provided.sub,
    );
  }
  expect(await intents()).toEqual([]);
});

test("an erasure finds the key of a name that is no longer used on the record", async () => {
  const provided = { iss: issuer, sub: "bea" };
  const { keys, deps } = processOf("pseudonym");
  const personal = await keys.encrypt(provided, data);
  await eraseSubject(deps, { subject: provided, token });
  expect(await processOf("pseudonym").keys.decrypt(provided, personal)).toBe("erased");
});

async function erasuresOf(sub: string) {
  const window = { from: Date.now() - 60_000, to: Date.now() + 1000, limit: 100 };
  const { entries } = await processOf("identifier").entries.query({ by: "time" }, window);
  return entries.filter(({ action, detail }) => {
    const erased = detail?.["erased"] as { sub?: string } | undefined;
    return action === "subject.erased" && erased?.sub === sub;
  });
}

/** A subject with personal data, as this mode names it. */
async function subjectIn(mode: Mode, provided: Subject) {
  const { keys, pseudonyms } = processOf(mode);
  const subject = mode === "pseudonym" ? await pseudonyms.referenceTo(provided) : provided;
  return { subject, personal: await keys.encrypt(subject, data) };
}

async function sweepAll(mode: Mode): Promise<void> {
  const { deps } = processOf(mode);
  const onFailure = (_: string, error: unknown) => expect.unreachable(String(error));
  await sweepErasures(deps, { until: Number.POSITIVE_INFINITY, onFailure });
}

const requests = { identifier: 6, pseudonym: 7 };
const deaths = (["identifier", "pseudonym"] as const).flatMap((mode) =>
  Array.from({ length: requests[mode] }, (_, call) => [
    { mode, call, persisted: false },
    { mode, call, persisted: true },
  ]).flat(),
);

test.each([
  "identifier",
  "pseudonym",
] as const)("by %s an erasure is as many requests as it dies at below", async (mode) => {
  const provided = { iss: issuer, sub: `counted by ${mode}` };
  await subjectIn(mode, provided);
  const { deps, faults } = processOf(mode);
  await eraseSubject(deps, { subject: provided, token });
  expect(faults.calls).toHaveLength(requests[mode]);
});

test.each(
  deaths,
)("an erasure by $mode that dies at request $call (carried out: $persisted) is whole or not at all after a sweep", async ({
  mode,
  call,
  persisted,
}) => {
  const provided = { iss: issuer, sub: `cem ${mode} ${call} ${persisted}` };
  const { subject, personal } = await subjectIn(mode, provided);
  const { deps } = processOf(mode, { call, persisted });
  await expect(eraseSubject(deps, { subject: provided, token })).rejects.toThrow(Crash);

  const isDestroyed = (await processOf(mode).keys.decrypt(subject, personal)) === "erased";
  if (isDestroyed) expect(await erasuresOf(subject.sub)).toHaveLength(1);
  const isIntended = isDestroyed || (await intents()).length > 0;
  await sweepAll(mode);
  expect(await intents()).toEqual([]);
  expect(await processOf(mode).keys.decrypt(subject, personal)).toEqual(isIntended ? "erased" : data);
  expect(await erasuresOf(subject.sub)).toHaveLength(isIntended ? 1 : 0);
  const standing = await processOf(mode).pseudonyms.find(provided);
  expect(standing).toEqual(mode === "pseudonym" && !isIntended ? subject : undefined);
});

test("an erasure that died is finished by asking again, without a sweep", async () => {
  const provided = { iss: issuer, sub: "dov" };
  const { subject, personal } = await subjectIn("pseudonym", provided);
  const dying = processOf("pseudonym", { call: 4, persisted: true });
  await expect(eraseSubject(dying.deps, { subject: provided, token })).rejects.toThrow(Crash);
  await eraseSubject(processOf("pseudonym").deps, { subject: provided, token });
  expect(await processOf("pseudonym").keys.decrypt(subject, personal)).toBe("erased");
  expect(await processOf("pseudonym").pseudonyms.find(provided)).toBeUndefined();
  await sweepAll("pseudonym");
});

test("a sweep that comes late destroys nothing that was made since", async () => {
  const provided = { iss: issuer, sub: "eve" };
  await subjectIn("identifier", provided);
  const { deps } = processOf("identifier", { call: requests.identifier - 1, persisted: false });
  await expect(eraseSubject(deps, { subject: provided, token })).rejects.toThrow(Crash);
  const { personal } = await subjectIn("identifier", provided);
  await sweepAll("identifier");
  expect(await processOf("identifier").keys.decrypt(provided, personal)).toEqual(data);
});
