import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { RefusedError } from "@countersign/core/error/errors";
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

test("of 20 concurrent starts under a limit of 5 five pass, and the rest are told when to come back", async () => {
  const takes = await Promise.allSettled(Array.from({ length: 20 }, () => rate().take("payout", 5)));
  expect(takes.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
  const refused = takes.filter((take) => take.status === "rejected");
  for (const { reason } of refused) {
    expect(reason).toBeInstanceOf(RefusedError);
    expect(reason).toMatchObject({ code: "policy.start_rate_exceeded", retryAfterSeconds: 48 });
  }
});

test("another workflow and the next minute have budgets of their own", async () => {
  await rate().take("refund", 1);
  await expect(rate().take("refund", 1)).rejects.toBeInstanceOf(RefusedError);
  await rate().take("other", 1);
  now += 60_000;
  await rate().take("refund", 1);
});

test("a counter goes away by itself an hour after its minute", async () => {
  await rate().take("kept", 9);
  const key = { pk: { S: `RATE#kept#${Math.floor(now / 60_000)}` } };
  const { Item } = await db.client.send(new GetItemCommand({ TableName: db.state, Key: key }));
  expect(Number(Item?.["x"]?.N)).toBe((Math.floor(now / 60_000) + 60) * 60);
});
