import { createServer } from "node:http";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Config } from "@countersign/core/config/config";
import { registerWorkflows } from "@countersign/core/policy/workflow";
import { routes } from "@countersign/functions/api/routes";
import { type AuthorizationServer, createAuthorizationServer } from "../authorization-server/server.ts";
import { startDynamoEngine } from "../dynamodb/engine.ts";
import { createFunctionHost, type FunctionHost } from "../lambda/host.ts";
import { createHttpApi } from "../lambda/http-api.ts";
import { createQueueSource } from "../lambda/queue-source.ts";
import { startSchedule } from "../lambda/schedule.ts";
import { startQueueEngine } from "../queues/engine.ts";
import { account, region } from "../wire/account.ts";
import { openDatabase } from "../wire/database.ts";
import { closeServer, listen, startAwsEndpoint } from "./aws-endpoint.ts";
import { ownFunctions, workflowFunctions } from "./function-specs.ts";
import { issuerOptions } from "./issuer-options.ts";
import { loopback, type Ports } from "./ports.ts";
import {
  clientOf,
  names,
  provisionKey,
  provisionQueues,
  provisionRule,
  provisionSecrets,
  provisionStateMachines,
  provisionTables,
} from "./provision.ts";
import { openStateFolder, type StateFolder } from "./state-folder.ts";

export interface RuntimeOptions {
  readonly config: Config;
  /** Folder that the paths in the configuration's `local` part start from. */
  readonly folder: string;
  readonly stateDirectory: string;
  readonly ports: Ports;
  /** The authorization server's own port, where something stands between it and its issuer URL. */
  readonly issuerListensOn?: number;
  /** A DynamoDB endpoint to use in place of the runtime's own engine. */
  readonly dynamodbEndpoint?: string;
  /** Takes each line a function logs. */
  readonly onLog?: (functionName: string, line: string) => void;
  /** How long a message that failed stays hidden; Lambda asks for at least the function's timeout. */
  readonly visibilitySeconds?: number;
  /** How often the sweeper runs; every minute unless given. */
  readonly sweepSeconds?: number;
  /** How often the reconciler runs; every 15 minutes unless given. */
  readonly reconcileSeconds?: number;
  /** How late an event may be before the reconciler counts it as missed; 5 minutes unless given. */
  readonly reconcileGraceSeconds?: number;
}

/** The embedded runtime at work. */
export interface Runtime {
  readonly urls: {
    readonly api: string;
    readonly issuer: string;
    readonly aws: string;
    readonly dynamodb: string;
    readonly queues: string;
  };
  readonly queueUrls: {
    readonly statusEvents: string;
    readonly revocations: string;
    readonly deadLetters: string;
  };
  readonly authorizationServer: AuthorizationServer;
  readonly state: StateFolder;
  /** Resolves once every event that was accepted has been recorded and every hint followed. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts everything on 127.0.0.1 in one process tree, provisions it, and takes up what an earlier run left.
 *
 * @throws {StartupError} for what the person who starts it can mend.
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const running = new Running();
  try {
    return await new Boot(options, running).start();
  } catch (error) {
    await running.close();
    throw error;
  }
}

/** What has been started, to be ended in reverse. */
class Running {
  readonly #closers: (() => Promise<void> | void)[] = [];

  add(close: () => Promise<void> | void): void {
    this.#closers.unshift(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0)) await close();
  }
}

class Boot {
  readonly #options: RuntimeOptions;
  readonly #running: Running;
  #host: FunctionHost | undefined;

  constructor(options: RuntimeOptions, running: Running) {
    this.#options = options;
    this.#running = running;
  }

  async start(): Promise<Runtime> {
    const { config, folder, ports } = this.#options;
    const state = openStateFolder(this.#options.stateDirectory);
    this.#running.add(() => state.release());

    const [dynamodb, queues] = await settled([this.#startDynamo(state), this.#startQueues(state)]);
    const sqs = new SQSClient(clientOf(queues.endpoint));
    this.#running.add(() => sqs.destroy());
    const queueUrls = await provisionQueues(queues, this.#options.visibilitySeconds ?? 30);
    const aws = await this.#startAws(state, sqs, Object.values(queueUrls));
    const workflows = registerWorkflows(config, { account, region });
    const [secrets] = await Promise.all([
      provisionSecrets(loopback(ports.aws), config),
      provisionTables(dynamodb.endpoint),
      provisionKey(loopback(ports.aws)),
      provisionRule(loopback(ports.aws), workflows, queueUrls.statusEvents.arn),
      provisionStateMachines(loopback(ports.aws), config, folder),
    ]);
    const authorizationServer = await this.#startIssuer(state, aws.cipher, secrets);
    const urls = {
      api: loopback(ports.api),
      issuer: loopback(ports.issuer),
      aws: loopback(ports.aws),
      dynamodb: dynamodb.endpoint,
      queues: queues.endpoint,
    };
    const host = this.#startFunctions(state, urls, queueUrls);
    await host.warm(["gate", "recorder", "revoker", "audit"]);
    const sources = await this.#startSources(sqs, host, queueUrls);
    this.#startSchedules(host);
    await aws.events.resume();
    await aws.stepFunctions.resume();
    await this.#startApi(host);
    return {
      urls,
      queueUrls: {
        statusEvents: queueUrls.statusEvents.url,
        revocations: queueUrls.revocations.url,
        deadLetters: queueUrls.deadLetters.url,
      },
      authorizationServer,
      state,
      idle: async () => {
        await aws.events.idle();
        for (const source of sources) await source.idle();
      },
      close: () => this.#running.close(),
    };
  }

  async #startDynamo(state: StateFolder) {
    const { ports, dynamodbEndpoint } = this.#options;
    const engine = await startDynamoEngine({
      stateDirectory: state.path,
      dataFile: state.file("dynamodb.db"),
      port: ports.dynamodb,
      ...(dynamodbEndpoint !== undefined && { endpoint: dynamodbEndpoint }),
    });
    this.#running.add(() => engine.stop());
    return engine;
  }

  async #startQueues(state: StateFolder) {
    const engine = await startQueueEngine({
      port: this.#options.ports.queues,
      stateDirectory: state.file("queues"),
    });
    this.#running.add(() => engine.close());
    return engine;
  }

  async #startAws(state: StateFolder, sqs: SQSClient, queues: { url: string; arn: string }[]) {
    const database = openDatabase(state.file("aws.db"));
    this.#running.add(() => database.close());
    const urlOf = new Map(queues.map(({ arn, url }) => [arn, url]));
    const aws = await startAwsEndpoint({
      port: this.#options.ports.aws,
      database,
      kmsKeyFile: state.file("kms.key"),
      host: () => {
        if (!this.#host) throw new Error("functions have not been started yet");
        return this.#host;
      },
      sendToQueue: async (arn, body, attributes) => {
        await sqs.send(
          new SendMessageCommand({
            QueueUrl: urlOf.get(arn),
            MessageBody: body,
            MessageAttributes: stringAttributes(attributes),
          }),
        );
      },
    });
    this.#running.add(() => aws.close());
    return aws;
  }

  async #startIssuer(
    state: StateFolder,
    cipher: Parameters<typeof issuerOptions>[0]["cipher"],
    secrets: Map<string, string>,
  ) {
    const { config, ports, issuerListensOn } = this.#options;
    const database = openDatabase(state.file("authorization-server.db"));
    this.#running.add(() => database.close());
    const issuer = await createAuthorizationServer(
      issuerOptions({ config, issuer: loopback(ports.issuer), database, cipher, secrets, state }),
    );
    const server = createServer(issuer.listener);
    await listen(server, issuerListensOn ?? ports.issuer);
    this.#running.add(async () => {
      await closeServer(server);
      await issuer.close();
    });
    return issuer;
  }

  #startFunctions(
    state: StateFolder,
    urls: Runtime["urls"],
    queues: Awaited<ReturnType<typeof provisionQueues>>,
  ): FunctionHost {
    const { config, folder, onLog, reconcileGraceSeconds } = this.#options;
    state.write("config.json", JSON.stringify(config, null, 2));
    const environment = {
      AWS_ENDPOINT_URL: urls.aws,
      AWS_ENDPOINT_URL_DYNAMODB: urls.dynamodb,
      AWS_ENDPOINT_URL_SQS: urls.queues,
      AWS_ENDPOINT_URL_S3: urls.queues,
      COUNTERSIGN_ACCOUNT_ID: account,
      COUNTERSIGN_CONFIG_FILE: state.file("config.json"),
      COUNTERSIGN_LEDGER_TABLE: names.ledger,
      COUNTERSIGN_STATE_TABLE: names.state,
      COUNTERSIGN_KMS_KEY_ID: names.key,
      COUNTERSIGN_KEYS_SECRET: names.keys,
      COUNTERSIGN_STATUS_EVENTS_QUEUE_URL: queues.statusEvents.url,
      COUNTERSIGN_REVOCATIONS_QUEUE_URL: queues.revocations.url,
      COUNTERSIGN_DEAD_LETTERS_QUEUE_URL: queues.deadLetters.url,
      ...(reconcileGraceSeconds !== undefined && {
        COUNTERSIGN_RECONCILE_GRACE_SECONDS: String(reconcileGraceSeconds),
      }),
    };
    const functions = [...ownFunctions(environment), ...workflowFunctions(config, folder)];
    const host = createFunctionHost({
      functions,
      ...(onLog && { onLog }),
    });
    this.#host = host;
    this.#running.add(() => host.close());
    return host;
  }

  async #startSources(
    sqs: SQSClient,
    host: FunctionHost,
    queues: Awaited<ReturnType<typeof provisionQueues>>,
  ) {
    const sources = [];
    for (const [functionName, queue, batchSize] of [
      ["recorder", queues.statusEvents, 10],
      ["revoker", queues.revocations, 10],
    ] as const) {
      const source = await createQueueSource({
        sqs,
        host,
        queueUrl: queue.url,
        functionName,
        batchSize,
        reportBatchItemFailures: true,
      });
      this.#running.add(() => source.close());
      sources.push(source);
    }
    return sources;
  }

  #startSchedules(host: FunctionHost): void {
    const { sweepSeconds = 60, reconcileSeconds = 900 } = this.#options;
    for (const [functionName, everySeconds] of [
      ["sweeper", sweepSeconds],
      ["reconciler", reconcileSeconds],
    ] as const) {
      const schedule = startSchedule({ host, functionName, everySeconds });
      this.#running.add(() => schedule.close());
    }
  }

  async #startApi(host: FunctionHost): Promise<void> {
    const server = createServer(createHttpApi({ routes, host }));
    await listen(server, this.#options.ports.api);
    this.#running.add(() => closeServer(server));
  }
}

/** Like Promise.all, but fails only when all have come to an end: what starts late could not be ended any more. */
async function settled<A, B>(both: readonly [Promise<A>, Promise<B>]): Promise<[A, B]> {
  await Promise.allSettled(both);
  return Promise.all(both);
}

function stringAttributes(attributes: Record<string, string> | undefined) {
  if (!attributes) return undefined;
  return Object.fromEntries(
    Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: "String", StringValue }]),
  );
}
