import { randomUUID } from "node:crypto";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { loopback, startDynamoDB, type TestDynamoDB } from "../../test-support/dynamodb.ts";
import { startKms, type TestKms } from "../../test-support/kms.ts";
import { sampleExecutionArn, sampleSubject, statusFields } from "../../test-support/sample-entries.ts";
import { createSealOpener } from "../kms/seal.ts";
import { createBlockList } from "./blocks.ts";
import { createErasureIntents } from "./erasures.ts";
import { createExecutionStore } from "./executions.ts";
import { createLedgerReader, createLedgerWriter } from "./ledger.ts";
import { createPseudonyms } from "./pseudonyms.ts";
import { createReconcileProgress } from "./reconcile-progress.ts";
import { createRecordedFacts } from "./recorded-facts.ts";
import { createUnrecordedRefusals } from "./refusal-counters.ts";
import { createSubjectKeys } from "./subject-keys.ts";
import { createTokenUses } from "./token-uses.ts";

let db: TestDynamoDB;
let kms: TestKms;
let dynamodb: DynamoDBClient;
/** Whether each read that went out was consistent. */
const reads: boolean[] = [];
beforeAll(async () => {
  [db, kms] = await Promise.all([startDynamoDB(), startKms()]);
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await kms[Symbol.asyncDispose]();
});
beforeEach(() => {
  reads.length = 0;
  dynamodb = new DynamoDBClient({ ...loopback, endpoint: db.endpoint });
  dynamodb.middlewareStack.add(
    (next) => async (args) => {
      const { headers, body } = args.request as { headers: Record<string, string>; body: string };
      const operation = headers["x-amz-target"]?.split(".").at(-1) ?? "";
      if (/^(Get|BatchGet|Query|Scan)/.test(operation)) reads.push(...consistencyOf(operation, body));
      return next(args);
    },
    { step: "build" },
  );
});
afterEach(() => dynamodb.destroy());

interface ReadRequest {
  readonly ConsistentRead?: boolean;
  readonly RequestItems?: Record<string, ReadRequest>;
}

function consistencyOf(operation: string, body: string): boolean[] {
  const request = JSON.parse(body) as ReadRequest;
  const parts = operation === "BatchGetItem" ? Object.values(request.RequestItems ?? {}) : [request];
  return parts.map(({ ConsistentRead }) => ConsistentRead === true);
}

async function drain(list: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of list);
}

const at = 1_770_000_000_000;
const clock = { now: () => at };
const executionArn = sampleExecutionArn();
const state = () => ({ dynamodb, table: db.state, clock, kms: kms.client, keyId: kms.keyArn });
const ledger = () => ({ dynamodb, table: db.ledger, clock });
const pseudonyms = () =>
  createPseudonyms({ ...state(), keys: createSubjectKeys(state()), mappingKey: Buffer.alloc(32, 1) });
const page = { from: at - 60_000, to: at + 60_000, limit: 5 };
const someone = () => ({ ...sampleSubject, sub: randomUUID() });
const blockQuery = { subject: sampleSubject, clientId: "c", workflow: "w", fingerprint: "f" };

test.each<[string, () => Promise<unknown>]>([
  ["BlockList.find", () => createBlockList(state()).find(blockQuery)],
  ["ExecutionStore.get", () => createExecutionStore(state()).get(executionArn)],
  ["SealOpener.open", () => createSealOpener(state()).open({ executionArn, redriveCount: 0, grantId: "g" })],
  [
    "LedgerReader.query by execution",
    () => createLedgerReader(ledger()).query({ by: "execution", executionArn }, page),
  ],
  [
    "RecordedFacts.among",
    () => createRecordedFacts(ledger()).among([{ pk: `EXECUTION#${executionArn}`, sk: "gate#1" }]),
  ],
  ["ReconcileProgress.get", () => createReconcileProgress(state()).get("arn")],
  ["PersonalDataKeys.encrypt", () => createSubjectKeys(state()).encrypt(someone(), {})],
  [
    "PersonalDataKeys.decrypt",
    () => createSubjectKeys(state()).decrypt(someone(), { key: "k", ciphertext: "" }),
  ],
  ["PersonalDataKeys.standing", () => createSubjectKeys(state()).standing(someone())],
  ["Pseudonyms.referenceTo", () => pseudonyms().referenceTo(someone())],
  ["Pseudonyms.find", () => pseudonyms().find(someone())],
])("%s decides something, and reads consistently", async (_, read) => {
  await read();
  expect(reads).not.toEqual([]);
  expect(reads).not.toContain(false);
});

test.each<[string, () => Promise<unknown>]>([
  ["TokenUses.take", () => createTokenUses(state()).take({ fingerprint: "f", executionArn, until: at })],
  [
    "LedgerWriter.append",
    () => createLedgerWriter(ledger()).append(statusFields(executionArn, "execution.started")),
  ],
])("%s decides by a conditional write, and reads nothing", async (_, write) => {
  await write();
  expect(reads).toEqual([]);
});

test.each<[string, () => Promise<unknown>]>([
  ["ExecutionLister.listOpen", () => drain(createExecutionStore(state()).listOpen())],
  ["ExecutionLister.listRevoking", () => drain(createExecutionStore(state()).listRevoking())],
  ["ErasureIntents.list, to find them", () => drain(createErasureIntents(state()).list())],
  ["UnrecordedRefusals.list", () => drain(createUnrecordedRefusals(state()).list())],
  [
    "LedgerReader.query by client",
    () => createLedgerReader(ledger()).query({ by: "client", clientId: "c" }, page),
  ],
])("%s reads an index, which is never consistent: nothing hangs on what it misses", async (_, list) => {
  await list();
  expect(reads).not.toEqual([]);
  expect(reads).not.toContain(true);
});
