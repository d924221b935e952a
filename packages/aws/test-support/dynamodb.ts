import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CreateTableCommand, DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { ledgerTable, stateTable } from "../src/dynamodb/tables.ts";
import { freePort } from "./free-port.ts";

/** A DynamoDB engine of one test file, with both tables, in memory. */
export interface TestDynamoDB extends AsyncDisposable {
  readonly client: DynamoDBClient;
  readonly endpoint: string;
  readonly ledger: string;
  readonly state: string;
}

/** Credentials and region for endpoints on loopback. */
export const loopback = {
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
};

export async function startDynamoDB(): Promise<TestDynamoDB> {
  const port = await freePort();
  const engine = spawn(enginePath(), ["--host", "127.0.0.1", "--port", String(port)], { stdio: "ignore" });
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new DynamoDBClient({ ...loopback, endpoint });
  await untilReady(client, engine);
  const ledger = "ledger";
  const state = "state";
  await client.send(new CreateTableCommand(ledgerTable(ledger)));
  await client.send(new CreateTableCommand(stateTable(state)));
  return {
    client,
    endpoint,
    ledger,
    state,
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      const ended = once(engine, "exit");
      engine.kill("SIGKILL");
      await ended;
    },
  };
}

function enginePath(): string {
  const manifest = createRequire(import.meta.url).resolve("@dynoxide/linux-x64/package.json");
  return join(dirname(manifest), "dynoxide");
}

async function untilReady(client: DynamoDBClient, engine: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (engine.exitCode !== null) throw new Error(`the DynamoDB engine ended with ${engine.exitCode}`);
    const ready = await client.send(new ListTablesCommand({})).then(
      () => true,
      () => false,
    );
    if (ready) return;
    await delay(25);
  }
  throw new Error("the DynamoDB engine did not start within 5 s");
}
