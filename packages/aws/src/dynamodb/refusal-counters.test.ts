import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { DynamoDBClient, GetItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { OutcomeUnknownError } from "@countersign/core/error/errors";
import { recordRefusals, refusalGraceMs } from "@countersign/core/refusals/record-refusals";
import { minuteMs, type RefusalKey } from "@countersign/core/refusals/refusal-counters";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loopback, startDynamoDB, type TestDynamoDB } from "../../test-support/dynamodb.ts";
import { createExecutionStore } from "./executions.ts";
import { createLedgerReader, createLedgerWriter } from "./ledger.ts";
import { createRefusalCounters, createUnrecordedRefusals } from "./refusal-counters.ts";

let db: TestDynamoDB;
beforeAll(async () => {
  db = await startDynamoDB();
});
afterAll(() => db[Symbol.asyncDispose]());

const source = () => ({ dynamodb: db.client, table: db.state });
const counters = () => createRefusalCounters(source());
const unrecorded = () => createUnrecordedRefusals(source());

let minute = Date.UTC(2026, 0, 15, 12);
/** A key of a minute that no other test counts in. */
function newKey(): RefusalKey {
  minute += minuteMs;
  return { minute, reason: "token.missing", sourcePrefix: "2001:db8:0::/48" };
}

const all = (items: AsyncIterable<unknown>): Promise<unknown[]> => Readable.from(items).toArray();
const listed = async () => (await all(unrecorded().list())).map((key) => JSON.stringify(key));

test("counts of many writers add up, and are found by their key until they are removed", async () => {
  const key = newKey();
  await Promise.all(Array.from({ length: 20 }, () => counters().add(key, 3)));
  expect(await listed()).toContain(JSON.stringify(key));
  const closed = await unrecorded().close(key);
  expect(closed).toMatchObject({ ...key, count: 60 });
  if (closed) await unrecorded().remove(closed);
  expect(await listed()).not.toContain(JSON.stringify(key));
  expect(await unrecorded().close(key)).toBeUndefined();
});

test("counts are not among the executions that are left to be swept", async () => {
  await counters().add(newKey(), 1);
  const executions = createExecutionStore(source());
  expect(await all(executions.listOpen())).toEqual([]);
  expect(await all(executions.listRevoking())).toEqual([]);
});

test("a closed count stays as it is, and what is added becomes a count of another series", async () => {
  const key = newKey();
  await counters().add(key, 5);
  const closed = await unrecorded().close(key);
  await counters().add(key, 2);
  expect(await unrecorded().close(key)).toEqual(closed);
  if (!closed) throw new Error("nothing was closed");
  await unrecorded().remove(closed);
  // Of another sweeper that was as far as this one.
  await unrecorded().remove(closed);
  const next = await unrecorded().close(key);
  expect(next?.count).toBe(2);
  expect(next?.series).not.toBe(closed.series);
});

test("a count that begins anew after it was removed is of another series", async () => {
  const key = newKey();
  const series = new Set<string | undefined>();
  for (const _ of [1, 2]) {
    await counters().add(key, 4);
    const closed = await unrecorded().close(key);
    series.add(closed?.series);
    if (closed) await Promise.all([unrecorded().remove(closed), unrecorded().remove(closed)]);
  }
  expect(series.size).toBe(2);
});

test("a count goes away by itself 30 days after its minute", async () => {
  const key = newKey();
  await counters().add(key, 1);
  const pk = { S: `REFUSED#${key.minute}#token.missing#2001:db8:0::/48` };
  const { Item } = await db.client.send(new GetItemCommand({ TableName: db.state, Key: { pk } }));
  expect(Number(Item?.["x"]?.N)).toBe(key.minute / 1000 + 30 * 86_400);
});

test("sweepers at once, with counts coming in all the time, record each refusal once", async () => {
  const key = newKey();
  const clock = { now: () => key.minute + minuteMs + refusalGraceMs };
  const ledger = { dynamodb: db.client, table: db.ledger, clock };
  const deps = { clock, refusals: unrecorded(), ledger: createLedgerWriter(ledger) };
  const failures: unknown[] = [];
  const options = {
    until: Number.POSITIVE_INFINITY,
    onFailure: (_key: unknown, error: unknown) => failures.push(error),
  };
  const adding = Array.from({ length: 30 }, async () => counters().add(key, 1));
  await adding[0];
  await Promise.all([...adding, ...[1, 2, 3].map(() => recordRefusals(deps, options))]);
  await recordRefusals(deps, options);
  expect(failures).toEqual([]);
  const window = { from: 0, to: clock.now() + 1, limit: 100 };
  const time = { from: clock.now() - minuteMs };
  const { entries } = await createLedgerReader(ledger).query({ by: "time" }, { ...window, ...time });
  const counts = entries.filter(({ detail }) => detail?.["minute"] === key.minute);
  expect(counts.reduce((total, { detail }) => total + Number(detail?.["count"]), 0)).toBe(30);
  const { Items = [] } = await db.client.send(new ScanCommand({ TableName: db.state }));
  expect(Items.filter(({ pk }) => pk?.S?.includes(`#${key.minute}#`))).toEqual([]);
});

test("a count that is not answered is not waited for, and may have been added", async () => {
  const silent = createServer(() => {});
  await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done));
  const { port } = silent.address() as AddressInfo;
  const dynamodb = new DynamoDBClient({
    ...loopback,
    endpoint: `http://127.0.0.1:${port}`,
    maxAttempts: 1,
  });
  try {
    const adding = createRefusalCounters({ dynamodb, table: db.state }).add(newKey(), 1);
    await expect(adding).rejects.toBeInstanceOf(OutcomeUnknownError);
  } finally {
    dynamodb.destroy();
    silent.closeAllConnections();
    silent.close();
  }
});

test("a count for a table that does not exist was not added", async () => {
  const counters = createRefusalCounters({ dynamodb: db.client, table: "none" });
  await expect(counters.add(newKey(), 1)).rejects.toMatchObject({ name: "ResourceNotFoundException" });
});
