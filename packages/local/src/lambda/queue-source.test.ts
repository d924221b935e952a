import { fileURLToPath } from "node:url";
import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { SQSEvent } from "aws-lambda";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type QueueEngine, startQueueEngine } from "../queues/engine.ts";
import { createFunctionHost } from "./host.ts";
import { createQueueSource, type QueueSource, type QueueSourceOptions } from "./queue-source.ts";

interface Seen {
  bodies: string[];
  event: SQSEvent;
}

const entry = fileURLToPath(new URL("./fixtures/queue-consumer.ts", import.meta.url));
const seen: Seen[] = [];
const errors: string[] = [];
const sources: QueueSource[] = [];
const host = createFunctionHost({
  functions: [{ name: "consumer", entry, environment: {}, timeoutSeconds: 0.8 }],
  onLog: (_name, line) => {
    if (!line.startsWith("{")) return;
    const event = JSON.parse(line) as SQSEvent;
    seen.push({ event, bodies: event.Records.map(({ body }) => body) });
  },
});
let engine: QueueEngine;
let sqs: SQSClient;
let queues = 0;

beforeAll(async () => {
  engine = await startQueueEngine();
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  sqs = new SQSClient({ endpoint: engine.endpoint, region: "us-east-1", credentials });
  await host.warm(["consumer"]);
});
afterEach(async () => {
  await Promise.all(sources.splice(0).map((source) => source.close()));
  seen.length = 0;
  errors.length = 0;
});
afterAll(async () => {
  sqs.destroy();
  await host.close();
  await engine.close();
});

async function newQueue(attributes: Record<string, string> = {}, suffix = ""): Promise<string> {
  queues += 1;
  const { url } = await engine.createQueue(`queue-${queues}${suffix}`, {
    VisibilityTimeout: "1",
    ...attributes,
  });
  return url;
}

async function start(queueUrl: string, more: Partial<QueueSourceOptions> = {}): Promise<QueueSource> {
  const source = await createQueueSource({
    sqs,
    host,
    queueUrl,
    functionName: "consumer",
    onError: (message) => errors.push(message),
    ...more,
  });
  sources.push(source);
  return source;
}

async function send(queueUrl: string, ...bodies: string[]): Promise<void> {
  const Entries = bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody }));
  await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
}

const seenBodies = () => seen.flatMap(({ bodies }) => bodies).sort();

describe("a queue source", () => {
  it("hands messages over as Lambda does, and deletes them", async () => {
    const url = await newQueue();
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: url,
        MessageBody: "hello",
        MessageAttributes: {
          kind: { DataType: "String", StringValue: "greeting" },
          bytes: { DataType: "Binary", BinaryValue: new Uint8Array([1, 2, 3]) },
        },
      }),
    );
    await (await start(url)).idle();
    await expect.poll(() => seen).toHaveLength(1);
    expect(seen[0]?.event.Records).toEqual([
      {
        messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        receiptHandle: expect.any(String),
        body: "hello",
        attributes: {
          ApproximateReceiveCount: "1",
          SentTimestamp: expect.stringMatching(/^\d{13}$/),
          SenderId: expect.any(String),
          ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
        },
        messageAttributes: {
          kind: {
            stringValue: "greeting",
            stringListValues: [],
            binaryListValues: [],
            dataType: "String",
          },
          bytes: { binaryValue: "AQID", stringListValues: [], binaryListValues: [], dataType: "Binary" },
        },
        md5OfBody: "5d41402abc4b2a76b9719d911017c592",
        md5OfMessageAttributes: expect.any(String),
        eventSource: "aws:sqs",
        eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:queue-${queues}`,
        awsRegion: "us-east-1",
      },
    ]);
  });

  it("returns only the failed messages of a batch, after the visibility timeout", async () => {
    const url = await newQueue();
    await send(url, "good", "fail-once", "fine");
    await (await start(url, { reportBatchItemFailures: true })).idle();
    await expect.poll(() => seenBodies()).toEqual(["fail-once", "fail-once", "fine", "good"]);
    const again = seen.at(-1)?.event.Records[0];
    expect(again?.attributes.ApproximateReceiveCount).toBe("2");
    const { SentTimestamp, ApproximateFirstReceiveTimestamp } = again?.attributes ?? {};
    expect(Number(ApproximateFirstReceiveTimestamp)).toBeGreaterThanOrEqual(Number(SentTimestamp));
  });

  it("returns a whole batch when the function throws, times out or answers nonsense", async () => {
    const dead = await newQueue();
    const arn = `arn:aws:sqs:us-east-1:000000000000:queue-${queues}`;
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 1 });
    const poisons = ["throw", "hang", "malformed", "unknown-item"];
    const url = await newQueue({ RedrivePolicy });
    await send(url, ...poisons);
    const source = await start(url, { batchSize: 1, reportBatchItemFailures: true });
    await source.idle();
    await expect.poll(() => errors).toHaveLength(4);
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: dead, MaxNumberOfMessages: 10, WaitTimeSeconds: 2 }),
    );
    expect(Messages?.map(({ Body }) => Body).sort()).toEqual([...poisons].sort());
    expect(errors.join()).toContain("Sandbox.Timedout");
  });

  it("ignores batchItemFailures unless told to read them", async () => {
    const url = await newQueue();
    await send(url, "fail-once");
    await (await start(url)).idle();
    expect(seenBodies()).toEqual(["fail-once"]);
  });

  it("gathers a batch until it is full, or until its window has passed", async () => {
    const url = await newQueue({ VisibilityTimeout: "30" });
    const source = await start(url, { batchSize: 12, maximumBatchingWindowSeconds: 1 });
    const names = Array.from({ length: 13 }, (_, index) => `m${index}`);
    await send(url, ...names.slice(0, 7));
    await send(url, ...names.slice(7));
    await source.idle();
    await expect.poll(() => seen.map(({ bodies }) => bodies.length)).toEqual([12, 1]);
  });

  it("runs no more batches at once than it may", async () => {
    const url = await newQueue();
    await send(url, "nap", "nap", "nap", "nap");
    const source = await start(url, { batchSize: 1, maxConcurrency: 2 });
    await source.idle();
    await expect.poll(() => seen).toHaveLength(4);
    const most = Math.max(
      ...seen.map(({ event }) => (event as SQSEvent & { concurrent: number }).concurrent),
    );
    expect(most).toBe(2);
  });

  it("keeps the order of a FIFO group when a message fails", async () => {
    const url = await newQueue({ FifoQueue: "true", ContentBasedDeduplication: "true" }, ".fifo");
    for (const MessageBody of ["fail-once", "second"])
      await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody, MessageGroupId: "g" }));
    await (await start(url, { reportBatchItemFailures: true })).idle();
    await expect
      .poll(() => seen.flatMap(({ bodies }) => bodies))
      .toEqual(["fail-once", "fail-once", "second"]);
  });

  it("finishes the batch it runs when it closes, and takes no further message", async () => {
    const url = await newQueue();
    await send(url, "nap");
    const source = await start(url);
    await expect.poll(() => seen).toHaveLength(1);
    await source.close();
    await send(url, "later");
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["All"] }),
    );
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: "1",
      ApproximateNumberOfMessagesNotVisible: "0",
    });
  });

  it("refuses settings that Lambda refuses", async () => {
    const url = await newQueue();
    await expect(start(url, { batchSize: 0 })).rejects.toThrow("batchSize is 0, expected 1 to 10000");
    await expect(start(url, { batchSize: 11 })).rejects.toThrow("expected at least 1 with a batch over 10");
    await expect(start(url, { maxConcurrency: 0 })).rejects.toThrow("maxConcurrency is 0");
    await expect(start(url, { functionName: "other" })).rejects.toMatchObject({
      code: "ResourceNotFoundException",
    });
    await expect(start(await newQueue({ VisibilityTimeout: "0" }))).rejects.toThrow(
      "Queue visibility timeout: 0 seconds is less than Function timeout: 0.8 seconds",
    );
  });
});
