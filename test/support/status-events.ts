import { randomUUID } from "node:crypto";
import { SendMessageBatchCommand, type SQSClient } from "@aws-sdk/client-sqs";

const account = "000000000000";
const region = "us-east-1";

/** When the executions of these events began; long before any that the runtime runs itself. */
export const beganAt = 1_760_000_000_000;

export interface EventFields {
  readonly name: string;
  readonly machine?: string;
  readonly status: string;
  /** Envelope fields to change; `undefined` takes one away. */
  readonly envelope?: Readonly<Record<string, unknown>>;
  /** Detail fields to change; `undefined` takes one away. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

export function executionArn(name: string, machine = "payout"): string {
  return `arn:aws:states:${region}:${account}:execution:${machine}:${name}`;
}

/** A "Step Functions Execution Status Change" event with every field that AWS sends today. */
export function statusEvent({ name, machine = "payout", status, envelope, detail }: EventFields) {
  const ended = !["RUNNING", "PENDING_REDRIVE"].includes(status);
  const redrivable = ended && status !== "SUCCEEDED";
  const startDate = typeof detail?.["startDate"] === "number" ? detail["startDate"] : beganAt;
  return {
    version: "0",
    id: randomUUID(),
    "detail-type": "Step Functions Execution Status Change",
    source: "aws.states",
    account,
    time: new Date(startDate + (ended ? 5_000 : 0)).toISOString().replace(/\.\d{3}Z$/, "Z"),
    region,
    resources: [executionArn(name, machine)],
    ...envelope,
    detail: {
      executionArn: executionArn(name, machine),
      stateMachineArn: `arn:aws:states:${region}:${account}:stateMachine:${machine}`,
      name,
      status,
      startDate,
      stopDate: ended ? startDate + 5_000 : null,
      input: '{"amount":1250}',
      inputDetails: { included: true },
      output: status === "SUCCEEDED" ? '{"charged":true}' : null,
      outputDetails: status === "SUCCEEDED" ? { included: true } : null,
      stateMachineVersionArn: null,
      stateMachineAliasArn: null,
      redriveCount: 0,
      redriveDate: null,
      redriveStatus: redrivable ? "REDRIVABLE" : "NOT_REDRIVABLE",
      redriveStatusReason: redrivable ? null : `Execution is ${status} and cannot be redriven`,
      error: status === "FAILED" ? "Payout.Refused" : null,
      cause: status === "FAILED" ? "the payout is refused" : null,
      ...detail,
    },
  };
}

/** An event as it was before redrives, versions and `detail.error` existed: the first eight fields alone. */
export function oldStatusEvent(fields: EventFields) {
  const { detail, ...envelope } = statusEvent(fields);
  const { executionArn, stateMachineArn, name, status, startDate, stopDate, input, output } = detail;
  return {
    ...envelope,
    detail: { executionArn, stateMachineArn, name, status, startDate, stopDate, input, output },
  };
}

/** Puts bodies on a queue, ten to a request and at once: the queue keeps no order. */
export async function sendBodies(sqs: SQSClient, queueUrl: string, bodies: readonly string[]): Promise<void> {
  for (const batch of batches(bodies)) {
    const Entries = batch.map((MessageBody, index) => ({ Id: String(index), MessageBody }));
    const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    if (Failed.length > 0) throw new Error(`the queue refused ${Failed.length} messages: ${Failed[0]?.Code}`);
  }
}

/** Ten messages and 200 KB to a batch, or one large message alone. */
function batches(bodies: readonly string[]): string[][] {
  const all: string[][] = [];
  let bytes = 0;
  for (const body of bodies) {
    const last = all.at(-1);
    if (last && last.length < 10 && bytes + body.length < 200_000) last.push(body);
    else all.push([body]);
    bytes = last === all.at(-1) ? bytes + body.length : body.length;
  }
  return all;
}

/** The same order for the same seed (mulberry32, Fisher-Yates). */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const result = [...items];
  const next = randomFrom(seed);
  for (let index = result.length - 1; index > 0; index -= 1) {
    const other = Math.floor(next() * (index + 1));
    [result[index], result[other]] = [result[other] as T, result[index] as T];
  }
  return result;
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
