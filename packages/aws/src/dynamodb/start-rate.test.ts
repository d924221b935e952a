import { ScanCommand } from "@aws-sdk/client-dynamodb";
import { RefusedError } from "@countersign/core/error/errors";
import type { StartBudget } from "@countersign/core/policy/limits";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDynamoDB, type TestDynamoDB } from "../../test-support/dynamodb.ts";
import { createStartRate } from "./start-rate.ts";

let db: TestDynamoDB;
beforeAll(async () => {
  db = await startDynamoDB();
});
afterAll(() => db[Symbol.asyncDispose]());

const minute = 29_500_000;
let now = minute * 60_000 + 12_300;
const rate = () => createStartRate({ dynamodb: db.client, table: db.state, clock: { now: () => now } });

const budget = (key: string, perMinute: number, of: StartBudget["of"] = "workflow") => ({
  of,
  key,
  perMinute,
});
const take = (...budgets: StartBudget[]) => rate().take(budgets);

test("of 20 concurrent starts under a limit of 5 five pass, and the rest are told when to come back", async () => {
  const takes = await Promise.allSettled(Array.from({ length: 20 }, () => take(budget("payout", 5))));
  expect(takes.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
  const refused = takes.filter((one) => one.status === "rejected");
  for (const { reason } of refused) {
    expect(reason).toBeInstanceOf(RefusedError);
    expect(reason).toMatchObject({ code: "policy.start_rate_exceeded", retryAfterSeconds: 48 });
  }
});

test("another key and the next minute have budgets of their own", async () => {
  await take(budget("refund", 1));
  await expect(take(budget("refund", 1))).rejects.toBeInstanceOf(RefusedError);
  await take(budget("other", 1));
  now += 60_000;
  await take(budget("refund", 1));
});

test("a start is refused by whichever of its budgets is empty, and says which", async () => {
  const wide = budget("wide", 100);
  await take(wide, budget("ada", 1, "subject"));
  await expect(take(wide, budget("ada", 1, "subject"))).rejects.toThrow(
    "the subject has had its 1 starts of this minute in this workflow",
  );
  await take(wide, budget("grace", 1, "subject"));
});

test("a budget too hot for one item is counted in several, that give out no more than the whole", async () => {
  const before = await counters();
  await Promise.all(Array.from({ length: 40 }, () => take(budget("hot", 100_000))));
  const shards = (await counters()).length - before.length;
  expect(shards).toBeGreaterThan(3);
  expect(shards).toBeLessThanOrEqual(10);
});

test("who is over one limit takes nothing from the budgets of others", async () => {
  const shared = budget("shared", 3);
  const mallory = budget("mallory", 1, "subject");
  await take(shared, mallory);
  for (let n = 0; n < 10; n++) await expect(take(shared, mallory)).rejects.toBeInstanceOf(RefusedError);
  await take(shared, budget("ada", 9, "subject"));
  await take(shared, budget("ada", 9, "subject"));
  await expect(take(shared, budget("ada", 9, "subject"))).rejects.toThrow(
    "the workflow has had its 3 starts",
  );
});

test("starts that are given back can be taken again, once", async () => {
  const one = budget("returned", 1);
  const taken = await take(one);
  await taken.giveBack();
  await take(one);
  await expect(take(one)).rejects.toBeInstanceOf(RefusedError);
});

test("a counter goes away by itself an hour after its minute", async () => {
  now += 60_000_000;
  await take(budget("kept", 9));
  const minute = Math.floor(now / 60_000);
  const [item] = (await counters()).filter(({ pk }) => pk?.S?.includes(`#${minute}#`));
  expect(Number(item?.["x"]?.N)).toBe((minute + 60) * 60);
});

async function counters() {
  const { Items = [] } = await db.client.send(new ScanCommand({ TableName: db.state }));
  return Items.filter(({ pk }) => pk?.S?.startsWith("RATE#"));
}
