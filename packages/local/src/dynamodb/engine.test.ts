import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type DynamoEngine, type DynamoEngineOptions, startDynamoEngine } from "./engine.ts";

let stateDirectory = "";
let files = 0;
const toStop: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), "dynamodb-"));
});
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});
afterAll(() => rm(stateDirectory, { recursive: true }));

function newDataFile(): string {
  files += 1;
  return join(stateDirectory, `data-${files}.db`);
}

async function start(options: Partial<DynamoEngineOptions> = {}): Promise<DynamoEngine> {
  const engine = await startDynamoEngine({ stateDirectory, dataFile: newDataFile(), ...options });
  toStop.push(() => engine.stop());
  return engine;
}

function clientOf(endpoint: string): DynamoDBClient {
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  return new DynamoDBClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
}

async function createTable(client: DynamoDBClient): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: "ledger",
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
    }),
  );
}

const put = (client: DynamoDBClient, pk: string) =>
  client.send(new PutItemCommand({ TableName: "ledger", Item: { pk: { S: pk } } }));
const get = async (client: DynamoDBClient, pk: string) =>
  (await client.send(new GetItemCommand({ TableName: "ledger", Key: { pk: { S: pk } } }))).Item;

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function answers(endpoint: string): Promise<boolean> {
  return fetch(endpoint).then(
    () => true,
    () => false,
  );
}

function kill(pid: number | undefined): void {
  if (pid === undefined) throw new Error("no process to kill");
  process.kill(pid, "SIGKILL");
}

describe("the engine", () => {
  it("answers when it has started, and is gone when it has stopped", async () => {
    const engine = await start();
    expect(await clientOf(engine.endpoint).send(new ListTablesCommand({}))).toMatchObject({ TableNames: [] });
    await engine.stop();
    expect(isAlive(engine.pid)).toBe(false);
  });

  it("keeps every acknowledged write when it is killed, and reports the crash", async () => {
    const dataFile = newDataFile();
    const crashed = Promise.withResolvers<Error>();
    const first = await start({ dataFile, onCrash: crashed.resolve });
    const client = clientOf(first.endpoint);
    await createTable(client);
    for (let index = 0; index < 20; index += 1) await put(client, `item ${index}`);
    kill(first.pid);
    expect((await crashed.promise).message).toContain(`${first.endpoint} ended: SIGKILL`);

    const second = clientOf((await start({ dataFile })).endpoint);
    for (let index = 0; index < 20; index += 1)
      expect(await get(second, `item ${index}`)).toEqual({ pk: { S: `item ${index}` } });
  });

  it("does not outlive a parent that is killed, and its file can be used again", async () => {
    const dataFile = newDataFile();
    const fixture = fileURLToPath(new URL("./fixtures/parent-process.ts", import.meta.url));
    const parent = spawn(process.execPath, [fixture, stateDirectory, dataFile], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const endpoint = line.toString().trim();
    await createTable(clientOf(endpoint));
    await put(clientOf(endpoint), "kept");

    parent.kill("SIGKILL");
    await once(parent, "exit");
    await expect.poll(() => answers(endpoint)).toBe(false);
    expect(await get(clientOf((await start({ dataFile })).endpoint), "kept")).toBeDefined();
  });

  it("refuses a data file that another engine has open", async () => {
    const dataFile = newDataFile();
    const first = await start({ dataFile });
    await expect(start({ dataFile })).rejects.toThrow(`data file ${dataFile} is in use by another engine`);
    await first.stop();
    await start({ dataFile });
  });

  it("says so when its port is taken, even by something that answers", async () => {
    const server = createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
    await once(server, "listening");
    toStop.push(async () => server.close());
    const { port } = server.address() as AddressInfo;
    await expect(start({ port })).rejects.toMatchObject({ code: "EADDRINUSE", address: "127.0.0.1", port });
  });
});

describe("an endpoint by setting", () => {
  it("is used as it is, without an engine", async () => {
    const { endpoint } = await start();
    const other = await start({ endpoint });
    expect(other).toMatchObject({ endpoint, pid: undefined });
    await other.stop();
    expect(await clientOf(endpoint).send(new ListTablesCommand({}))).toMatchObject({ TableNames: [] });
  });

  it("is refused when it is no URL or does not answer", async () => {
    await expect(start({ endpoint: "localhost:8000" })).rejects.toThrow(
      'COUNTERSIGN_DYNAMODB_ENDPOINT is "localhost:8000", expected an http or https URL',
    );
    await expect(start({ endpoint: "http://127.0.0.1:9/" })).rejects.toThrow("which does not answer");
  });
});
