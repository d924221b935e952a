import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SFNClient } from "@aws-sdk/client-sfn";
import { createExecutionStore } from "@countersign/aws/dynamodb/executions";
import { createExecutionStarter } from "@countersign/aws/step-functions/executions";
import { OutcomeUnknownError, UnavailableError } from "@countersign/core/error/errors";
import { startDeadlineMs } from "@countersign/core/gate/start-deadline";
import { unresolvedAfterMs } from "@countersign/core/sweeper/sweep";
import { afterAll, beforeAll, expect, test } from "vitest";
import { boundedCalls, stepFunctionsLimits } from "./call-limits.ts";

let silent: Server;
const sockets = new Set<Socket>();
beforeAll(async () => {
  silent = createServer((socket) => void sockets.add(socket.on("error", () => undefined).resume()));
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  silent.close();
  await once(silent, "close");
});

const settings = () => ({
  ...boundedCalls({ connectionMs: 1000, requestMs: 50, attempts: 2 }),
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
  endpoint: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
});
const executionArn = "arn:aws:states:us-east-1:123456789012:execution:payout:one";

test("a table that takes the connection and never answers is unavailable", async () => {
  const dynamodb = new DynamoDBClient(settings());
  await expect(createExecutionStore({ dynamodb, table: "state" }).get(executionArn)).rejects.toBeInstanceOf(
    UnavailableError,
  );
  dynamodb.destroy();
});

test("a start that is never answered may have happened", async () => {
  const sfn = new SFNClient(settings());
  const startArn = "arn:aws:states:us-east-1:123456789012:stateMachine:payout";
  await expect(
    createExecutionStarter({ sfn }).start({ startArn, name: "one", input: "{}" }),
  ).rejects.toBeInstanceOf(OutcomeUnknownError);
  sfn.destroy();
});

test("a start asked for at the gate's deadline is over before a sweeper looks for it", () => {
  const { attempts, requestMs } = stepFunctionsLimits;
  expect(startDeadlineMs + attempts * 2 * requestMs).toBeLessThan(unresolvedAfterMs);
});

test("every client that a function makes has limits", () => {
  const root = join(import.meta.dirname, "..");
  const files = globSync("**/*.ts", { cwd: root }).filter((file) => !file.endsWith(".test.ts"));
  const clients = files.flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/new \w+Client\(.{0,13}/g)].map(([made]) => made),
  );
  expect(clients).not.toEqual([]);
  expect(clients.filter((made) => !made.includes("(boundedCalls("))).toEqual([]);
});
