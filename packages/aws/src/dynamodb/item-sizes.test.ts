import { randomBytes, randomUUID } from "node:crypto";
import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { buildEntry, type EntryFields } from "@countersign/core/entry/build-entry";
import { RefusedError } from "@countersign/core/error/errors";
import { applyStatus, type ExecutionState } from "@countersign/core/execution/execution-state";
import { auditQueriedEntry, auditRefusedEntry } from "@countersign/core/operate/audit-entries";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDynamoDB, type TestDynamoDB } from "../../test-support/dynamodb.ts";
import { startKms, type TestKms } from "../../test-support/kms.ts";
import {
  authorizedFields,
  sampleExecutionArn,
  sampleGrant,
  sampleState,
  sampleSubject,
  statusFields,
} from "../../test-support/sample-entries.ts";
import { createSealer } from "../kms/seal.ts";
import { executionItem } from "./execution-item.ts";
import type { Item } from "./item.ts";
import { entryItem, scopeRows } from "./ledger-item.ts";
import { createSubjectKeys } from "./subject-keys.ts";
import { ledgerTable, stateTable } from "./tables.ts";
import { itemBytes, writeUnits } from "./write-units.ts";

let db: TestDynamoDB;
let kms: TestKms;
beforeAll(async () => {
  [db, kms] = await Promise.all([startDynamoDB(), startKms()]);
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await kms[Symbol.asyncDispose]();
});

const executionArn = sampleExecutionArn();
/** An execution's item as the store writes it: with a mark of the write beside the state. */
const stateItem = (state: ExecutionState): Item => ({ ...executionItem(state), w: { S: "8letters" } });
const at = 1_770_000_000_123;

function entryUnits(fields: EntryFields): number {
  const stored = buildEntry(fields, at);
  const items = [entryItem(stored), ...scopeRows(stored.entry)];
  return items.reduce((sum, item) => sum + writeUnits(ledgerTable("l"), undefined, item).total, 0);
}

async function authorized(): Promise<EntryFields> {
  const source = {
    dynamodb: db.client,
    table: db.state,
    kms: kms.client,
    keyId: kms.keyArn,
    clock: { now: () => at },
  };
  const origin = { sourceIp: "203.0.113.7", userAgent: "payments-backend/4.2 (node 24.1)" };
  return authorizedFields(executionArn, {
    personal: await createSubjectKeys(source).encrypt(sampleSubject, origin),
  });
}

async function sealItem(token: string): Promise<Item> {
  const context = { executionArn, redriveCount: 0, grantId: randomUUID() };
  const clock = { now: () => at };
  await createSealer({ dynamodb: db.client, table: db.state, kms: kms.client, keyId: kms.keyArn, clock })
    .prepare(context)
    .store(token, at + 3_599_000);
  const key = { pk: { S: `SEAL#${executionArn}#${context.grantId}` } };
  const { Item } = await db.client.send(new GetItemCommand({ TableName: db.state, Key: key }));
  return Item ?? {};
}

/** An execution's state at its intent, when it is active, and after its end. */
function states(): { intent: ExecutionState; active: ExecutionState; ended: ExecutionState } {
  const grant = sampleGrant(executionArn, "active");
  const intent = sampleState(executionArn, {
    grants: [{ ...sampleGrant(executionArn), grantId: grant.grantId }],
  });
  const active = sampleState(executionArn, {
    grants: [grant],
    startDate: 1_770_000_000_000,
    status: "RUNNING",
    revision: 2,
  });
  const end = {
    executionArn,
    startDate: 1_770_000_000_000,
    redriveCount: 0,
    status: "SUCCEEDED",
    attribution: "gate" as const,
    at: 1_770_000_000_500,
  };
  return { intent, active, ended: applyStatus(active, end, new Set()) };
}

test.each([
  ["execution.started"],
  ["execution.succeeded"],
] as const)("the item of %s fits one write unit", (action) => {
  expect(itemBytes(entryItem(buildEntry(statusFields(executionArn, action), at)))).toBeLessThanOrEqual(1024);
});

test("an execution's state fits one write unit at each of its writes", () => {
  for (const state of Object.values(states())) expect(itemBytes(stateItem(state))).toBeLessThanOrEqual(1024);
});

test("an audit query costs 2 write units, a refused one 3", () => {
  const token = {
    subject: sampleSubject,
    clientId: "countersign-cli",
    actors: [],
    scopes: ["audit:read"],
    audience: "https://gate.example",
    issuedAt: at,
    expiresAt: at,
    fingerprint: `v1.k3yA1d.${"x".repeat(43)}`,
    claims: {},
    personalClaims: {},
  };
  const window = { from: at - 60_000, to: at };
  const look = { filters: { workflow: "payout-production" }, window, asked: {}, limit: 100, results: 100 };
  const refusal = new RefusedError("policy.scope_insufficient", "no");
  expect(entryUnits(auditQueriedEntry(token, look, at))).toBe(2);
  expect(entryUnits(auditRefusedEntry(token, ["workflow"], refusal, at))).toBe(3);
});

test("an execution that succeeds costs at most 18 write units, all indexes counted", async () => {
  const { intent, active, ended } = states();
  const items = [undefined, intent, active, ended].map((state) => state && stateItem(state));
  const state = stateTable("s");
  const counter = {
    pk: { S: "RATE#0123456789012345678901#29500000#0" },
    n: { N: "12" },
    x: { N: "1770003600" },
  };
  const units = {
    intent: writeUnits(state, items[0], items[1]).total,
    counter: writeUnits(state, undefined, counter).total,
    seal: writeUnits(state, undefined, await sealItem(randomBytes(32).toString("base64url"))).total,
    authorized: entryUnits(await authorized()),
    active: writeUnits(state, items[1], items[2]).total,
    started: entryUnits(statusFields(executionArn, "execution.started")),
    succeeded: entryUnits(statusFields(executionArn, "execution.succeeded")),
    ended: writeUnits(state, items[2], items[3]).total,
  };
  expect(Object.values(units).reduce((sum, cost) => sum + cost, 0)).toBeLessThanOrEqual(18);
});
