import { ScanCommand } from "@aws-sdk/client-dynamodb";
import type { BlockQuery } from "@countersign/core/policy/limits";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDynamoDB, type TestDynamoDB } from "../../test-support/dynamodb.ts";
import { type BlockTarget, createBlockList, type WritableBlockList } from "./blocks.ts";

let db: TestDynamoDB;
let blocks: WritableBlockList;
beforeAll(async () => {
  db = await startDynamoDB();
  blocks = createBlockList({ dynamodb: db.client, table: db.state });
});
afterAll(() => db[Symbol.asyncDispose]());

const query: BlockQuery = {
  subject: { iss: "https://issuer.example", sub: "ada" },
  clientId: "backend",
  workflow: "payout",
  fingerprint: "v1.k.abc",
};
const targets: [keyof BlockQuery, BlockTarget][] = [
  ["subject", { subject: query.subject }],
  ["clientId", { clientId: query.clientId }],
  ["workflow", { workflow: query.workflow }],
  ["fingerprint", { fingerprint: query.fingerprint }],
];

test.each(targets)("a blocked %s is found until it is unblocked", async (kind, target) => {
  expect(await blocks.find(query)).toBeUndefined();
  await blocks.block(target, 1);
  await blocks.block(target, 2);
  expect(await blocks.find(query)).toBe(kind);
  await blocks.unblock(target);
  await blocks.unblock(target);
  expect(await blocks.find(query)).toBeUndefined();
});

test("a block of the same sub at another issuer stops nobody else", async () => {
  await blocks.block({ subject: { iss: "https://other.example", sub: "ada" } }, 1);
  expect(await blocks.find(query)).toBeUndefined();
});

test("the list holds no subject in clear", async () => {
  await blocks.block({ subject: { iss: "https://issuer.example", sub: "readable-sub" } }, 1);
  const { Items } = await db.client.send(new ScanCommand({ TableName: db.state }));
  expect(JSON.stringify(Items)).not.toContain("readable-sub");
});
