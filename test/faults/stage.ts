import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { createBlockList, type WritableBlockList } from "@countersign/aws/dynamodb/blocks";
import { createExecutionReader } from "@countersign/aws/step-functions/executions";
import type { SQSEvent } from "aws-lambda";
import { arnUnderKey } from "../support/start-requests.ts";
import { type Invocation, invoke } from "./invoke.ts";
import type { KillPoint } from "./kill-point.ts";
import { startEvent } from "./start-event.ts";
import { functionEnvironment, type Stores } from "./stores.ts";
import type { World } from "./world.ts";

type FunctionName = "gate" | "recorder" | "revoker" | "sweeper";

/** One start that a caller may ask for again under the same key. */
export interface Start {
  readonly executionArn: string;
  readonly workflow: string;
  readonly idempotencyKey: string;
  readonly token: string;
  readonly input: object;
}

/** What the gate answered. */
export interface StartAnswer {
  readonly status: number;
  readonly code: string | undefined;
}

/** As if this much had gone by: a sweeper leaves alone what is younger. */
const sweptAfterMs = 5 * 60_000;

/** One case: what its functions did, and what is done to them. */
export class Stage {
  readonly world: World;
  readonly stores: Stores;
  readonly starts: Start[] = [];
  /** What the provider issued to the functions of this stage. */
  readonly issued: string[] = [];
  /** What they wrote to stdout and stderr. */
  readonly logs: string[] = [];
  readonly blocks: WritableBlockList;

  constructor(world: World, stores: Stores) {
    this.world = world;
    this.stores = stores;
    this.blocks = createBlockList({ dynamodb: world.embedded.dynamodb, table: stores.state });
  }

  /** A caller about to ask for a start of its own. */
  async caller(workflow: string, input: object = { seconds: 3600 }): Promise<Start> {
    const { observer, embedded, token } = this.world;
    const idempotencyKey = randomUUID();
    const executionArn = await arnUnderKey(observer, embedded.runtime, idempotencyKey, workflow);
    const start = { executionArn, workflow, idempotencyKey, token: await token(), input };
    this.starts.push(start);
    return start;
  }

  /** Asks the gate, which is not killed. */
  async ask(start: Start): Promise<StartAnswer> {
    const { answer, failure } = await this.#run("gate", startEvent(start));
    if (failure !== undefined) throw new Error(`the gate failed: ${failure}`);
    const { statusCode: status, body } = answer as { statusCode: number; body: string };
    return { status, code: (JSON.parse(body) as { code?: string }).code };
  }

  askAndKill(start: Start, kill: KillPoint | undefined): Promise<Invocation> {
    return this.#run("gate", startEvent(start), { kill });
  }

  /** Whether Step Functions has an execution under the start's name. */
  async exists({ executionArn }: Start): Promise<boolean> {
    const { sfn } = this.world.embedded;
    return (await createExecutionReader({ sfn }).describe(executionArn)) !== undefined;
  }

  /** Hands messages to a function as a queue does; what it reports as failed fails the case. */
  async deliver(name: "recorder" | "revoker", bodies: readonly string[]): Promise<void> {
    if (bodies.length === 0) return;
    const { answer, failure } = await this.#run(name, queueEvent(bodies));
    const { batchItemFailures = [] } = (answer ?? {}) as { batchItemFailures?: unknown[] };
    if (failure === undefined && batchItemFailures.length === 0) return;
    throw new Error(`the ${name} failed: ${failure ?? this.logs.at(-1)}`);
  }

  deliverAndKill(
    name: "recorder" | "revoker",
    bodies: readonly string[],
    kill: KillPoint | undefined,
  ): Promise<Invocation> {
    return this.#run(name, queueEvent(bodies), { kill });
  }

  /** Lets the sweeper run when all that was left is old enough. */
  async sweep(): Promise<void> {
    const { answer, failure } = await this.sweepAndKill(undefined);
    const { failed } = (answer ?? { failed: -1 }) as { failed: number };
    if (failure !== undefined || failed !== 0)
      throw new Error(`the sweeper failed: ${failure ?? this.logs.at(-1)}`);
  }

  sweepAndKill(kill: KillPoint | undefined): Promise<Invocation> {
    return this.#run("sweeper", {}, { kill, aheadMs: sweptAfterMs });
  }

  /** Hands over what waits in the queues until nothing does. */
  async pump(): Promise<void> {
    for (;;) {
      const events = this.starts.flatMap(({ executionArn }) => this.world.events.take(executionArn));
      const hints = await this.stores.takeHints();
      if (events.length + hints.length === 0) return;
      await this.deliver("recorder", events);
      await this.deliver("revoker", hints);
    }
  }

  async #run(
    name: FunctionName,
    event: unknown,
    { kill, aheadMs }: { kill?: KillPoint | undefined; aheadMs?: number } = {},
  ): Promise<Invocation> {
    const entry = fileURLToPath(import.meta.resolve(`@countersign/functions/lambda/${name}`));
    const environment = functionEnvironment(this.world.embedded, this.stores);
    const invocation = await invoke(environment, {
      entry,
      event,
      ...(kill && { kill }),
      ...(aheadMs !== undefined && { aheadMs }),
    });
    this.issued.push(...invocation.issued);
    this.logs.push(invocation.logs);
    return invocation;
  }
}

function queueEvent(bodies: readonly string[]): SQSEvent {
  return {
    Records: bodies.map((body) => ({
      messageId: randomUUID(),
      receiptHandle: "faults",
      body,
      attributes: {
        ApproximateReceiveCount: "1",
        SentTimestamp: String(Date.now()),
        SenderId: "faults",
        ApproximateFirstReceiveTimestamp: String(Date.now()),
      },
      messageAttributes: {},
      md5OfBody: "",
      eventSource: "aws:sqs",
      eventSourceARN: "",
      awsRegion: "",
    })),
  };
}
