import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateKeyCommand,
  type CreateKeyCommandInput,
  KMSClient,
  type KMSClientConfig,
} from "@aws-sdk/client-kms";
import { awsJsonListener } from "../wire/aws-json.ts";
import { openDatabase } from "../wire/database.ts";
import { createKms } from "./kms.ts";

/** For tests: KMS on loopback with a folder of its own and a clock that tests set. */
export interface KmsEndpoint {
  readonly folder: string;
  clock: number;
  client: KMSClient;
  config: KMSClientConfig;
  createKey(input?: CreateKeyCommandInput): Promise<{ readonly KeyId: string; readonly Arn: string }>;
  restart(): Promise<void>;
  /** Stops and removes the folder. */
  remove(): Promise<void>;
}

/** Starts an endpoint on a free port. */
export async function startKmsEndpoint(): Promise<KmsEndpoint> {
  const folder = mkdtempSync(join(tmpdir(), "kms-"));
  const endpoint: KmsEndpoint = {
    folder,
    clock: 1_700_000_000_000,
    client: new KMSClient({}),
    config: {},
    async createKey(input = {}) {
      const { KeyMetadata } = await endpoint.client.send(new CreateKeyCommand(input));
      return { KeyId: KeyMetadata?.KeyId ?? "", Arn: KeyMetadata?.Arn ?? "" };
    },
    async restart() {
      await stop();
      server = await serve(endpoint);
    },
    async remove() {
      await stop();
      rmSync(folder, { recursive: true });
    },
  };
  let server = await serve(endpoint);

  async function stop(): Promise<void> {
    endpoint.client.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  return endpoint;
}

async function serve(endpoint: KmsEndpoint): Promise<Server> {
  const database = openDatabase(join(endpoint.folder, "state.sqlite"));
  const keyFile = join(endpoint.folder, "root.key");
  const kms = createKms({ database, keyFile, now: () => endpoint.clock });
  const server = createServer(awsJsonListener([kms.service]));
  server.on("close", () => database.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint.config = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
  };
  endpoint.client = new KMSClient(endpoint.config);
  return server;
}
