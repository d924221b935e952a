import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateTableCommand } from "@aws-sdk/client-dynamodb";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { CreateQueueCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { ledgerTable, stateTable } from "@countersign/aws/dynamodb/tables";
import { routes } from "@countersign/functions/api/routes";
import { createFunctionHost } from "@countersign/local/lambda/host";
import { createHttpApi } from "@countersign/local/lambda/http-api";
import { clientOf, names } from "@countersign/local/runtime/provision";
import { account } from "@countersign/local/wire/account";
import { type Embedded, startEmbedded, testConfig } from "../../support/embedded.ts";
import { withSubject } from "../../support/person-token.ts";
import type { StageUnderTest } from "../stage.ts";
import { root } from "../synth/place.ts";
import { type Call, recordCalls } from "./recording.ts";

/** Whose `sub` tokens of a person have. */
export const sub = "ada-observed";

/**
 * A stage's functions at work on the embedded runtime's services: with the environment and the names that the stage
 * gives them, tables and queues of their own, and each call recorded under the function's name.
 */
export class DeployedFunctions {
  readonly calls: Call[] = [];
  readonly embedded: Embedded;
  readonly #stage: StageUnderTest;
  readonly #closers: (() => Promise<void> | void)[] = [];
  #host!: ReturnType<typeof createFunctionHost>;
  #api = "";
  #queues = "";

  private constructor(stage: StageUnderTest, embedded: Embedded) {
    this.#stage = stage;
    this.embedded = embedded;
    this.#closers.push(() => embedded.close());
  }

  static async of(stage: StageUnderTest, subjects: "identifier" | "pseudonym"): Promise<DeployedFunctions> {
    // The runtime's own functions are not told of payout, and so leave its events alone.
    const elsewhere = { stateMachine: "elsewhere", start: { scopes: ["payout:start"] } };
    const embedded = await startEmbedded({
      change: (config) => withSubject({ ...config, workflows: { elsewhere } }, sub),
    });
    const functions = new DeployedFunctions(stage, embedded);
    await functions.#provision();
    await functions.#start(subjects);
    return functions;
  }

  /** Calls the API. */
  async request(method: string, path: string, token: string, body?: object) {
    const response = await fetch(`${this.#api}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async invoke(name: string, event: object = {}): Promise<unknown> {
    const { payload, functionError } = await this.#host.invoke(name, event);
    if (functionError) throw new Error(`${name} failed: ${JSON.stringify(payload)}`);
    return payload;
  }

  /** Hands a function one message, as its queue would. */
  deliver(name: string, body: string, receiveCount = 1): Promise<unknown> {
    const attributes = { ApproximateReceiveCount: String(receiveCount) };
    return this.invoke(name, {
      Records: [{ messageId: crypto.randomUUID(), receiptHandle: "none", body, attributes }],
    });
  }

  /** Takes the messages out of a queue that are in it now. */
  async taken(queue: string): Promise<string[]> {
    const QueueUrl = this.#urlOf(this.#stageName(`${queue}Queue`));
    const { Messages = [] } = await this.embedded.sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    return Messages.map(({ Body = "" }) => Body);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
  }

  async #provision(): Promise<void> {
    const { dynamodb, sqs, runtime } = this.embedded;
    for (const table of [ledgerTable(this.#tableName("Ledger")), stateTable(this.#tableName("State"))]) {
      await dynamodb.send(new CreateTableCommand(table));
    }
    for (const { inputs } of this.#stage.all("aws:sqs/queue:Queue")) {
      await sqs.send(new CreateQueueCommand({ QueueName: String(inputs["name"]) }));
    }
    const secrets = new SecretsManagerClient(clientOf(runtime.urls.aws));
    const key = Buffer.alloc(32, 7).toString("base64");
    const SecretString = JSON.stringify({ keyId: "k1", gateKey: key, fingerprintKey: key });
    const Name = String(this.#stage.one("aws:secretsmanager/secret:Secret", "GateKeys").inputs["name"]);
    await secrets.send(new CreateSecretCommand({ Name, SecretString }));
    secrets.destroy();
  }

  async #start(subjects: "identifier" | "pseudonym"): Promise<void> {
    const { runtime } = this.embedded;
    const [aws, dynamodb, queues] = await Promise.all(
      [runtime.urls.aws, runtime.urls.dynamodb, runtime.urls.queues].map(async (url) => {
        const recording = await recordCalls(url, this.calls);
        this.#closers.push(() => recording.close());
        return recording.url;
      }),
    );
    this.#queues = queues ?? "";
    const config = testConfig(runtime.urls.issuer, (input) => ({ ...input, subjects }));
    const folder = mkdtempSync(join(tmpdir(), "countersign-observed-"));
    this.#closers.push(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "config.json"), JSON.stringify(config));
    const endpoints = {
      AWS_ENDPOINT_URL: aws ?? "",
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb ?? "",
      AWS_ENDPOINT_URL_SQS: queues ?? "",
    };
    this.#host = createFunctionHost({
      functions: [...this.#stage.functions.keys()].map((name) => ({
        name,
        entry: join(root, `packages/functions/src/lambda/${name}.ts`),
        environment: { ...endpoints, ...this.#environmentOf(name, join(folder, "config.json")) },
      })),
    });
    this.#closers.push(() => this.#host.close());
    await this.#listen();
  }

  async #listen(): Promise<void> {
    const server = createServer(createHttpApi({ routes, host: this.#host }));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.#closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    this.#api = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  /** What the stage tells the function, with this machine's values for what AWS has made. */
  #environmentOf(name: string, configFile: string): Record<string, string> {
    const here = (variable: string, value: string): string => {
      if (variable === "COUNTERSIGN_ACCOUNT_ID") return account;
      if (variable === "COUNTERSIGN_CONFIG_FILE") return configFile;
      if (variable === "COUNTERSIGN_KMS_KEY_ID") return names.key;
      if (variable === "COUNTERSIGN_KEYS_SECRET") return /secret:(.*)-\w{6}$/.exec(value)?.[1] ?? "";
      return variable.endsWith("_QUEUE_URL") ? this.#urlOf(value.split("/").at(-1) ?? "") : value;
    };
    const own = Object.entries(this.#stage.environmentOf(name));
    return {
      ...Object.fromEntries(own.map(([variable, value]) => [variable, here(variable, value)])),
      // Signs every call, and so tells whose it is.
      AWS_ACCESS_KEY_ID: name,
      COUNTERSIGN_RECONCILE_GRACE_SECONDS: "0",
    };
  }

  #urlOf(queueName: string): string {
    return `${this.#queues}/${account}/${queueName}`;
  }

  #tableName(name: string): string {
    return String(this.#stage.one("aws:dynamodb/table:Table", `${name}Table`).inputs["name"]);
  }

  #stageName(queue: string): string {
    return String(this.#stage.one("aws:sqs/queue:Queue", queue).inputs["name"]);
  }
}
