import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SFNClient } from "@aws-sdk/client-sfn";
import { SQSClient } from "@aws-sdk/client-sqs";
import { createExecutionStore } from "@countersign/aws/dynamodb/executions";
import { createLedgerReader } from "@countersign/aws/dynamodb/ledger";
import { type Config, type ConfigInput, parseConfig } from "@countersign/core/config/config";
import { type Ports, portsFrom } from "@countersign/local/runtime/ports";
import { clientOf, names } from "@countersign/local/runtime/provision";
import { type Runtime, startRuntime } from "@countersign/local/runtime/runtime";
import { Caller } from "@countersign/local/story/caller";

export const audience = "https://countersign.example/api";
export const grantAudience = "https://countersign.example/steps";

/** A configuration like the project's own, for the ports of one test. */
export function testConfig(
  issuer: string,
  change: (config: ConfigInput) => ConfigInput = (config) => config,
): Config {
  return parseConfig(change(configInput(issuer)));
}

/** The same, as a user writes it. */
export function configInput(issuer: string): ConfigInput {
  return {
    issuers: [
      {
        issuer,
        audience,
        grantAudience,
        profile: "rfc9068",
        opaqueTokens: true,
        client: { id: "countersign", secret: "countersign/oauth-client" },
      },
    ],
    workflows: {
      payout: {
        stateMachine: "payout",
        start: { scopes: ["payout:start"] },
        agents: { allow: true },
      },
    },
    local: {
      stateMachines: {
        payout: {
          definition: "examples/payout/payout.asl.json",
          functions: {
            "payout-check": "examples/payout/check.ts",
            "payout-charge": "examples/payout/charge.ts",
          },
        },
      },
      clients: {
        "payments-app": { scopes: ["payout:start"] },
        "other-app": { scopes: ["payout:start"] },
        "reports-app": { scopes: ["reports:read"] },
        auditor: { scopes: ["audit:read"] },
        operator: { scopes: ["operations:write"] },
      },
    },
  };
}

/** An embedded runtime of a test's own, with what a test looks at it through. */
export interface Embedded {
  readonly runtime: Runtime;
  readonly config: Config;
  readonly caller: Caller;
  readonly logs: string[];
  readonly stateDirectory: string;
  readonly ports: Ports;
  readonly sfn: SFNClient;
  readonly sqs: SQSClient;
  readonly dynamodb: DynamoDBClient;
  readonly ledger: ReturnType<typeof createLedgerReader>;
  readonly executions: ReturnType<typeof createExecutionStore>;
  /** Stops it, and removes its state unless `keep`. */
  close(keep?: boolean): Promise<void>;
}

export interface EmbeddedOptions {
  readonly change?: (config: ConfigInput) => ConfigInput;
  /** State of an earlier runtime, to go on with. */
  readonly stateDirectory?: string;
  readonly ports?: Ports;
  /** The authorization server's own port, where a proxy has its issuer's. */
  readonly issuerListensOn?: number;
  /** How late an event may be before the reconciler counts it as missed. */
  readonly reconcileGraceSeconds?: number;
}

export async function startEmbedded({ change, ...options }: EmbeddedOptions = {}): Promise<Embedded> {
  const ports = options.ports ?? (await freePorts());
  const stateDirectory = options.stateDirectory ?? mkdtempSync(join(tmpdir(), "countersign-"));
  const config = testConfig(`http://127.0.0.1:${ports.issuer}`, change);
  const logs: string[] = [];
  const runtime = await startRuntime({
    config,
    folder: resolve(import.meta.dirname, "../.."),
    stateDirectory,
    ports,
    ...(options.issuerListensOn !== undefined && { issuerListensOn: options.issuerListensOn }),
    ...(options.reconcileGraceSeconds !== undefined && {
      reconcileGraceSeconds: options.reconcileGraceSeconds,
    }),
    onLog: (name, line) => logs.push(`${name}: ${line}`),
  });
  const dynamodb = new DynamoDBClient(clientOf(runtime.urls.dynamodb));
  const sfn = new SFNClient(clientOf(runtime.urls.aws));
  const sqs = new SQSClient(clientOf(runtime.urls.queues));
  return {
    runtime,
    config,
    caller: new Caller(runtime, audience),
    logs,
    stateDirectory,
    ports,
    sfn,
    sqs,
    dynamodb,
    ledger: createLedgerReader({ dynamodb, table: names.ledger, clock: { now: Date.now } }),
    executions: createExecutionStore({ dynamodb, table: names.state }),
    async close(keep = false) {
      for (const client of [dynamodb, sfn, sqs]) client.destroy();
      await runtime.close();
      if (!keep) rmSync(stateDirectory, { recursive: true, force: true });
    },
  };
}

/** Five free ports in a row, far from each other test's. */
export async function freePorts(): Promise<Ports> {
  for (;;) {
    // Below the ports that systems give to outgoing connections, which could take one in the meantime.
    const first = 10_000 + Math.floor(Math.random() * 22_000);
    const ports = portsFrom(first);
    const free = await Promise.all(Object.values(ports).map(isFree));
    if (free.every(Boolean)) return ports;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(false));
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
  });
}
