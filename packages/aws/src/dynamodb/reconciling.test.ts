import { entryId, entryKey } from "@countersign/core/entry/entry-key";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDynamoDB, type TestDynamoDB } from "../../test-support/dynamodb.ts";
import { createLedgerWriter } from "./ledger.ts";
import { createReconcileProgress } from "./reconcile-progress.ts";
import { createRecordedFacts } from "./recorded-facts.ts";

let dynamo: TestDynamoDB;
beforeAll(async () => {
  dynamo = await startDynamoDB();
});
afterAll(() => dynamo[Symbol.asyncDispose]());

const factOf = (index: number, action: "execution.started" | "execution.failed" = "execution.started") => ({
  action,
  executionArn: `arn:aws:states:us-east-1:123456789012:execution:payout:n${index}`,
  startDate: 1_770_000_000_000,
  redriveCount: 0,
});

test("of many keys those that hold an entry are told, each once, however often it is asked for", async () => {
  const ledger = createLedgerWriter({
    dynamodb: dynamo.client,
    table: dynamo.ledger,
    clock: { now: Date.now },
  });
  const written = [3, 77, 149].map((index) => factOf(index));
  for (const fact of written) {
    await ledger.append({ ...fact, outcome: "success", source: "event", occurredAt: fact.startDate });
  }
  const facts = createRecordedFacts({ dynamodb: dynamo.client, table: dynamo.ledger });
  const keys = Array.from({ length: 150 }, (_, index) => [
    entryKey(factOf(index)),
    entryKey(factOf(index, "execution.failed")),
  ]).flat();
  const found = await facts.among([...keys, ...keys]);
  expect([...found].sort()).toEqual(written.map((fact) => entryId(entryKey(fact))).sort());
  expect(await facts.among([])).toEqual(new Set());
});

test("progress is there as it was put last, for each state machine by itself", async () => {
  const progress = createReconcileProgress({ dynamodb: dynamo.client, table: dynamo.state });
  const pass = { from: 1, to: 9, compareFrom: 3, next: "token", failedAt: 4 };
  await progress.put("arn:a", { coveredTo: 5, pass });
  await progress.put("arn:b", { coveredTo: 1 });
  expect(await progress.get("arn:a")).toEqual({ coveredTo: 5, pass });
  await progress.put("arn:a", { coveredTo: 9 });
  expect(await progress.get("arn:a")).toEqual({ coveredTo: 9 });
  expect(await progress.get("arn:c")).toBeUndefined();
});
