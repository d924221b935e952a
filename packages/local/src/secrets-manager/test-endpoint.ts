import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { createKms } from "../kms/kms.ts";
import { awsJsonListener } from "../wire/aws-json.ts";
import { openDatabase } from "../wire/database.ts";
import { createSecretsManager } from "./secrets-manager.ts";

/** For tests: Secrets Manager on loopback with a folder of its own and a clock that tests set. */
export interface SecretsEndpoint {
  readonly folder: string;
  clock: number;
  client: SecretsManagerClient;
  /** Stops, runs `whileDown`, and starts again on the same folder. */
  restart(whileDown?: () => void): Promise<void>;
  /** Stops and removes the folder. */
  remove(): Promise<void>;
}

/** Starts an endpoint on a free port. */
export async function startSecretsEndpoint(): Promise<SecretsEndpoint> {
  const folder = mkdtempSync(join(tmpdir(), "secrets-"));
  const endpoint: SecretsEndpoint = {
    folder,
    clock: Date.UTC(2024, 4, 1, 1),
    client: new SecretsManagerClient({}),
    async restart(whileDown) {
      await stop();
      whileDown?.();
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

async function serve(endpoint: SecretsEndpoint): Promise<Server> {
  const database = openDatabase(join(endpoint.folder, "state.sqlite"));
  const now = () => endpoint.clock;
  const { cipher } = createKms({ database, keyFile: join(endpoint.folder, "root.key"), now });
  const server = createServer(awsJsonListener([createSecretsManager({ database, cipher, now }).service]));
  server.on("close", () => database.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint.client = new SecretsManagerClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
  });
  return server;
}
