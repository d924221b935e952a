import { afterAll, beforeAll, expect, test } from "vitest";
import { startDynamoDB, type TestDynamoDB } from "../../test-support/dynamodb.ts";
import { sampleExecutionArn } from "../../test-support/sample-entries.ts";
import { createTokenUses } from "./token-uses.ts";

let db: TestDynamoDB;
beforeAll(async () => {
  db = await startDynamoDB();
});
afterAll(() => db[Symbol.asyncDispose]());

const uses = () => createTokenUses({ dynamodb: db.client, table: db.state });
const until = 1_770_000_000_000;

test("of 10 executions that take one token at once, one has it", async () => {
  const takes = Array.from({ length: 10 }, () =>
    uses().take({ fingerprint: "v1.k.one", executionArn: sampleExecutionArn(), until }),
  );
  const settled = await Promise.allSettled(takes);
  expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const one of settled) {
    if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "token.replayed" });
  }
});

test("the same execution may take its token again, for a request is repeated when its answer is lost", async () => {
  const use = { fingerprint: "v1.k.two", executionArn: sampleExecutionArn(), until };
  await uses().take(use);
  await uses().take(use);
});
