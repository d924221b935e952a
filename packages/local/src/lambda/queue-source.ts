import { setTimeout as sleep } from "node:timers/promises";
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { FunctionHost } from "./host.ts";
import { readBatchItemFailures, toSqsEvent } from "./sqs-event.ts";

export interface QueueSourceOptions {
  sqs: SQSClient;
  host: FunctionHost;
  queueUrl: string;
  functionName: string;
  /** 1 to 10000 (10 for a FIFO queue); 10 unless given. */
  batchSize?: number;
  /** 0 to 300; 0 unless given, and at least 1 when `batchSize` is over 10. */
  maximumBatchingWindowSeconds?: number;
  /** Whether the function answers with `batchItemFailures`. */
  reportBatchItemFailures?: boolean;
  /** How many batches may run at once; 5 unless given, the number of pollers Lambda starts with. */
  maxConcurrency?: number;
  /** Told of a failed batch, and of a poll or deletion that failed; written to stderr unless given. */
  onError?: (message: string) => void;
}

/** An SQS event source mapping at work. */
export interface QueueSource {
  /**
   * Resolves once the queue holds no message, visible, delayed or in flight, and no batch runs.
   *
   * A message that fails counts until it succeeds or its redrive policy moves it away.
   */
  idle(): Promise<void>;
  /** Stops receiving and waits for the batches that run. */
  close(): Promise<void>;
}

type Settings = Required<QueueSourceOptions> & { queueArn: string };

const receiveMax = 10;
const longPollSeconds = 20;
const maxBatchBytes = 6_000_000;

/**
 * Feeds a queue's messages to a function as Lambda does: a batch that succeeds is deleted, one that fails
 * is left to the queue's visibility timeout and redrive policy.
 *
 * See https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html. Event filters and the
 * gradual scaling of pollers are not imitated.
 *
 * @throws {Error} when the settings are out of range, or the queue's visibility timeout is shorter than the
 *   function's timeout, which Lambda refuses too.
 */
export async function createQueueSource(options: QueueSourceOptions): Promise<QueueSource> {
  const settings = await completeSettings(options);
  const closing = new AbortController();
  const running = new Set<Promise<void>>();
  const polling = poll(settings, running, closing.signal);

  async function idle(): Promise<void> {
    while (running.size > 0 || (await countMessages(settings)) > 0) {
      await Promise.race([sleep(25), ...running]);
      if (closing.signal.aborted) return;
    }
  }

  async function close(): Promise<void> {
    closing.abort();
    await polling;
    await Promise.all(running);
  }

  return { idle, close };
}

async function completeSettings(options: QueueSourceOptions): Promise<Settings> {
  const settings = {
    batchSize: 10,
    maximumBatchingWindowSeconds: 0,
    reportBatchItemFailures: false,
    maxConcurrency: 5,
    onError: (message: string) => void process.stderr.write(`${message}\n`),
    ...options,
  };
  const { Attributes } = await options.sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: options.queueUrl,
      AttributeNames: ["QueueArn", "VisibilityTimeout"],
    }),
  );
  const queueArn = Attributes?.["QueueArn"] ?? "";
  checkRanges(settings, queueArn.endsWith(".fifo"));
  checkVisibility(settings, Number(Attributes?.["VisibilityTimeout"]));
  return { ...settings, queueArn };
}

function checkRanges(settings: Required<QueueSourceOptions>, fifo: boolean): void {
  const { batchSize, maximumBatchingWindowSeconds: window, maxConcurrency } = settings;
  const maxBatch = fifo ? 10 : 10_000;
  if (!isWithin(batchSize, 1, maxBatch))
    throw new Error(`batchSize is ${batchSize}, expected 1 to ${maxBatch}`);
  if (!isWithin(window, 0, fifo ? 0 : 300))
    throw new Error(
      `maximumBatchingWindowSeconds is ${window}, expected ${fifo ? "0 for a FIFO queue" : "0 to 300"}`,
    );
  if (batchSize > receiveMax && window < 1)
    throw new Error(
      `batchSize is ${batchSize} and maximumBatchingWindowSeconds ${window}, expected at least 1 with a batch over 10`,
    );
  if (!isWithin(maxConcurrency, 1, 1000))
    throw new Error(`maxConcurrency is ${maxConcurrency}, expected 1 to 1000`);
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

function checkVisibility({ host, functionName }: Required<QueueSourceOptions>, seconds: number): void {
  const { timeoutSeconds } = host.describe(functionName);
  if (seconds < timeoutSeconds)
    throw new Error(
      `Queue visibility timeout: ${seconds} seconds is less than Function timeout: ${timeoutSeconds} seconds`,
    );
}

async function poll(settings: Settings, running: Set<Promise<void>>, closing: AbortSignal): Promise<void> {
  let failures = 0;
  while (!closing.aborted) {
    try {
      const messages = await gatherBatch(settings, closing);
      failures = 0;
      if (messages.length > 0) start(settings, messages, running);
      while (running.size >= settings.maxConcurrency) await Promise.race(running);
    } catch (error) {
      if (closing.aborted) return;
      failures += 1;
      settings.onError(`queue ${settings.queueUrl}: receiving failed: ${describe(error)}`);
      await sleep(Math.min(5000, 50 * 2 ** failures), undefined, { signal: closing }).catch(() => {});
    }
  }
}

function start(settings: Settings, messages: Message[], running: Set<Promise<void>>): void {
  const batch = processBatch(settings, messages).catch((error: unknown) => {
    settings.onError(`function ${settings.functionName}: batch not completed: ${describe(error)}`);
  });
  running.add(batch);
  void batch.finally(() => running.delete(batch));
}

/** Receives until the batch is full, its window has passed or its payload is near Lambda's limit. */
async function gatherBatch(settings: Settings, closing: AbortSignal): Promise<Message[]> {
  const { batchSize, maximumBatchingWindowSeconds } = settings;
  const batch = await receive(settings, Math.min(batchSize, receiveMax), longPollSeconds, closing);
  if (batch.length === 0 || maximumBatchingWindowSeconds === 0) return batch;
  const endsAt = Date.now() + maximumBatchingWindowSeconds * 1000;
  // whole seconds alone can be asked for, so the last part of the window is asked for in short polls
  while (batch.length < batchSize && bytesOf(batch) < maxBatchBytes && Date.now() < endsAt) {
    const waitSeconds = Math.floor((endsAt - Date.now()) / 1000);
    const limit = Math.min(batchSize - batch.length, receiveMax);
    const more = await receive(settings, limit, waitSeconds, closing).catch(() => undefined);
    if (!more) break;
    batch.push(...more);
    if (more.length === 0 && waitSeconds === 0) await sleep(Math.min(50, Math.max(0, endsAt - Date.now())));
  }
  return batch;
}

async function receive(
  { sqs, queueUrl }: Settings,
  max: number,
  waitSeconds: number,
  closing: AbortSignal,
): Promise<Message[]> {
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: max,
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
    }),
    { abortSignal: closing },
  );
  return Messages ?? [];
}

function bytesOf(messages: readonly Message[]): number {
  return messages.reduce((sum, message) => sum + (message.Body?.length ?? 0), 0);
}

async function processBatch(settings: Settings, messages: Message[]): Promise<void> {
  const { host, functionName, queueArn, reportBatchItemFailures, onError } = settings;
  const { payload, functionError } = await host.invoke(functionName, toSqsEvent(messages, queueArn));
  if (functionError) {
    onError(`function ${functionName}: batch of ${messages.length} failed: ${errorTypeOf(payload)}`);
    return;
  }
  const ids = new Set(messages.map((message) => message.MessageId ?? ""));
  const failed = reportBatchItemFailures ? readBatchItemFailures(payload, ids) : new Set<string>();
  if (failed === "all") {
    onError(
      `function ${functionName}: batch of ${messages.length} failed: its batchItemFailures are malformed`,
    );
    return;
  }
  await deleteMessages(
    settings,
    messages.filter((message) => !failed.has(message.MessageId ?? "")),
  );
}

async function deleteMessages({ sqs, queueUrl, onError }: Settings, messages: Message[]): Promise<void> {
  for (let from = 0; from < messages.length; from += receiveMax) {
    const Entries = messages.slice(from, from + receiveMax).map((message, index) => ({
      Id: String(index),
      ReceiptHandle: message.ReceiptHandle,
    }));
    const { Failed } = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    for (const failure of Failed ?? []) onError(`queue ${queueUrl}: not deleted: ${failure.Code}`);
  }
}

async function countMessages({ sqs, queueUrl }: Settings): Promise<number> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
      ],
    }),
  );
  return Object.values(Attributes ?? {}).reduce((sum, value) => sum + Number(value), 0);
}

function errorTypeOf(payload: unknown): string {
  return String((payload as { errorType?: unknown } | null)?.errorType ?? "unknown error");
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
