import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { ConflictError } from "@countersign/core/error/errors";
import { withGrant } from "@countersign/core/execution/execution-state";
import { updateExecution } from "@countersign/core/execution/execution-store";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loopback, startDynamoDB, type TestDynamoDB } from "../../test-support/dynamodb.ts";
import { startLosingProxy } from "../../test-support/lost-answers.ts";
import { sampleExecutionArn, sampleGrant, sampleState } from "../../test-support/sample-entries.ts";
import { createExecutionStore } from "./executions.ts";

let db: TestDynamoDB;
let store: ReturnType<typeof createExecutionStore>;
beforeAll(async () => {
  db = await startDynamoDB();
  store = createExecutionStore({ dynamodb: db.client, table: db.state });
});
afterAll(() => db[Symbol.asyncDispose]());

test("a state is read as it was written, every field of it", async () => {
  const executionArn = sampleExecutionArn();
  const grant = {
    ...sampleGrant(executionArn, "active"),
    actors: [{ sub: "agent-1", iss: "https://issuer.example" }, { sub: "agent-2" }],
  };
  const state = sampleState(executionArn, {
    startDate: 1_770_000_000_000,
    status: "RUNNING",
    grants: [grant, sampleGrant(executionArn)],
  });
  await store.put(state);
  expect(await store.get(executionArn)).toEqual(state);
});

test("an execution nobody wrote of is undefined", async () => {
  expect(await store.get(sampleExecutionArn())).toBeUndefined();
});

test("of 32 first writes with different content one wins, and the others are conflicts", async () => {
  const executionArn = sampleExecutionArn();
  const writes = await Promise.allSettled(
    Array.from({ length: 32 }, () => store.put(sampleState(executionArn))),
  );
  expect(writes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const write of writes) {
    if (write.status === "rejected") expect(write.reason).toBeInstanceOf(ConflictError);
  }
});

test("a write over another revision than the one read is a conflict, and leaves what stands", async () => {
  const state = sampleState(sampleExecutionArn());
  await store.put(state);
  await store.put({ ...state, status: "RUNNING", revision: 2 });
  await expect(store.put({ ...state, status: "FAILED", revision: 2 })).rejects.toBeInstanceOf(ConflictError);
  expect((await store.get(state.executionArn))?.status).toBe("RUNNING");
});

test("a write to an item that is gone is a conflict", async () => {
  const state = sampleState(sampleExecutionArn(), { revision: 2 });
  await expect(store.put(state)).rejects.toBeInstanceOf(ConflictError);
});

test("a write whose answer is lost is known as one's own when it is tried again", async () => {
  await using proxy = await startLosingProxy(db.endpoint);
  const dynamodb = new DynamoDBClient({ ...loopback, endpoint: proxy.url });
  const state = sampleState(sampleExecutionArn());
  const losing = createExecutionStore({ dynamodb, table: db.state });
  proxy.lose = 1;
  await losing.put(state);
  proxy.lose = 1;
  await losing.put({ ...state, status: "RUNNING", revision: 2 });
  expect(await store.get(state.executionArn)).toMatchObject({ status: "RUNNING", revision: 2 });
  dynamodb.destroy();
});

test("the same content from two writers is a conflict for the second", async () => {
  const state = sampleState(sampleExecutionArn());
  await store.put(state);
  await expect(store.put(state)).rejects.toBeInstanceOf(ConflictError);
});

test("concurrent updates all come through, one after the other", async () => {
  const state = sampleState(sampleExecutionArn(), { redriveCount: 0 });
  await store.put(state);
  await Promise.all(
    Array.from({ length: 8 }, () =>
      updateExecution(store, state.executionArn, (now) =>
        now ? { ...now, redriveCount: now.redriveCount + 1, revision: now.revision + 1 } : now,
      ),
    ),
  );
  expect(await store.get(state.executionArn)).toMatchObject({ redriveCount: 8, revision: 9 });
});

test("an item is removed at its revision alone, and absent is success", async () => {
  const state = sampleState(sampleExecutionArn());
  await store.put(state);
  await store.remove(state.executionArn, 7);
  expect(await store.get(state.executionArn)).toBeDefined();
  await store.remove(state.executionArn, 1);
  await store.remove(state.executionArn, 1);
  expect(await store.get(state.executionArn)).toBeUndefined();
});

async function listed(list: AsyncIterable<string>): Promise<Set<string>> {
  const arns = new Set<string>();
  for await (const arn of list) arns.add(arn);
  return arns;
}

test("an execution is listed as open until it is closed, then as revoking until that is concluded", async () => {
  const open = sampleState(sampleExecutionArn());
  const { executionArn } = open;
  await store.put(open);
  expect(await listed(store.listOpen())).toContain(executionArn);

  const [grant] = open.grants;
  const revoking = {
    ...withGrant(open, grant?.grantId ?? "", (one) => ({ ...one, state: "revoking" })),
    open: false,
  };
  await store.put(revoking);
  expect(await listed(store.listOpen())).not.toContain(executionArn);
  expect(await listed(store.listRevoking())).toContain(executionArn);

  await store.put(withGrant(revoking, grant?.grantId ?? "", (one) => ({ ...one, state: "revoked" })));
  expect(await listed(store.listRevoking())).not.toContain(executionArn);
  const { Item } = await db.client.send(
    new GetItemCommand({ TableName: db.state, Key: { pk: { S: `EXECUTION#${executionArn}` } } }),
  );
  expect(Object.keys(Item ?? {}).sort()).toEqual(["pk", "r", "s", "w"]);
});
