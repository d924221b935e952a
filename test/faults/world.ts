import { setTimeout as sleep } from "node:timers/promises";
import { EventBridgeClient, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
} from "@aws-sdk/client-sqs";
import type { ConfigInput } from "@countersign/core/config/config";
import { clientOf, names } from "@countersign/local/runtime/provision";
import { type Embedded, startEmbedded } from "../support/embedded.ts";
import { withEndings } from "../support/endings.ts";
import { eventually } from "../support/eventually.ts";
import { Observer } from "../support/observer.ts";

/** One runtime for all stages: provider, Step Functions, KMS, secrets, and the engines of tables and queues. */
export interface World {
  readonly embedded: Embedded;
  readonly observer: Observer;
  /** A new token of payments-app, for one start and its retries. */
  token(): Promise<string>;
  readonly events: StatusEvents;
  close(): Promise<void>;
}

export async function openWorld(): Promise<World> {
  const embedded = await startEmbedded({ change: withLimits });
  const observer = new Observer(embedded.runtime.urls);
  const events = await StatusEvents.tap(embedded);
  return {
    embedded,
    observer,
    token: () => embedded.caller.token("payments-app", "payout:start"),
    events,
    async close() {
      await events.close();
      observer.close();
      await embedded.close();
    },
  };
}

/** Everything that a start writes is written: its rate is counted, and the use of its token. */
function withLimits(config: ConfigInput): ConfigInput {
  const ending = withEndings(config);
  const workflows = Object.entries(ending.workflows).map(([name, workflow]) => [
    name,
    { ...workflow, limits: { startsPerMinute: 1000 } },
  ]);
  const issuers = ending.issuers.map((issuer) => ({ ...issuer, tokenUse: "once" as const }));
  return { ...ending, issuers, workflows: Object.fromEntries(workflows) };
}

/**
 * Status events of the runtime's executions, in place of its own recorder, each kept for the stage it belongs to.
 *
 * They are led to the runtime's queue of dead letters, which nobody else reads.
 */
export class StatusEvents {
  readonly #embedded: Embedded;
  readonly #closing = new AbortController();
  readonly #kept = new Map<string, string[]>();
  #reading = Promise.resolve();

  private constructor(embedded: Embedded) {
    this.#embedded = embedded;
  }

  static async tap(embedded: Embedded): Promise<StatusEvents> {
    const { sqs, runtime } = embedded;
    const client = new EventBridgeClient(clientOf(runtime.urls.aws));
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: runtime.queueUrls.deadLetters,
        AttributeNames: ["QueueArn"],
      }),
    );
    const target = { Id: "recorder", Arn: Attributes?.["QueueArn"] ?? "" };
    await client.send(new PutTargetsCommand({ Rule: names.rule, Targets: [target] }));
    client.destroy();
    const events = new StatusEvents(embedded);
    events.#reading = events.#read();
    return events;
  }

  /** Bodies of the events of an execution that have come and were not taken yet. */
  take(executionArn: string): readonly string[] {
    const taken = this.#kept.get(executionArn) ?? [];
    this.#kept.delete(executionArn);
    return taken;
  }

  /** The events up to one of this status, once that has come. */
  takeUntil(executionArn: string, status: string): Promise<readonly string[]> {
    return eventually(`the event ${status} of ${executionArn}`, async () => {
      const bodies = this.#kept.get(executionArn) ?? [];
      return bodies.some((body) => statusOf(body) === status) ? this.take(executionArn) : undefined;
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#reading;
  }

  async #read(): Promise<void> {
    const { sqs, runtime } = this.#embedded;
    const QueueUrl = runtime.queueUrls.deadLetters;
    const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 });
    while (!this.#closing.signal.aborted) {
      try {
        const { Messages = [] } = await sqs.send(receive, { abortSignal: this.#closing.signal });
        for (const message of Messages) this.#keep(message);
        if (Messages.length === 0) continue;
        const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
        await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      } catch {
        // Closed, or about to be; any other failure shows as an event that is waited for in vain.
        await sleep(50);
      }
    }
  }

  #keep({ Body = "" }: Message): void {
    const { executionArn } = (JSON.parse(Body) as { detail: { executionArn: string } }).detail;
    this.#kept.set(executionArn, [...(this.#kept.get(executionArn) ?? []), Body]);
  }
}

export function statusOf(body: string): string {
  return (JSON.parse(body) as { detail: { status: string } }).detail.status;
}
