import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  GetBucketVersioningCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { afterEach, describe, expect, it } from "vitest";
import { type QueueEngine, startQueueEngine } from "./engine.ts";

const toClose: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

async function start(stateDirectory?: string): Promise<QueueEngine> {
  const engine = await startQueueEngine(stateDirectory ? { stateDirectory } : {});
  toClose.push(() => engine.close());
  return engine;
}

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "queues-"));
  toClose.push(() => rm(directory, { recursive: true }));
  return directory;
}

const credentials = { accessKeyId: "a", secretAccessKey: "b" };
const sqsOf = ({ endpoint }: QueueEngine) => new SQSClient({ endpoint, region: "us-east-1", credentials });
const s3Of = ({ endpoint }: QueueEngine) => new S3Client({ endpoint, region: "us-east-1", credentials });

async function receive(sqs: SQSClient, url: string, waitSeconds = 0) {
  const command = new ReceiveMessageCommand({
    QueueUrl: url,
    WaitTimeSeconds: waitSeconds,
    MessageSystemAttributeNames: ["All"],
  });
  return (await sqs.send(command)).Messages ?? [];
}

describe("queues", () => {
  it("have URLs and ARNs that an SDK client can use without a resolver", async () => {
    const engine = await start();
    const { url, arn } = await engine.createQueue("work", { VisibilityTimeout: "1" });
    expect(url).toBe(`${engine.endpoint}/000000000000/work`);
    expect(engine.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(arn).toBe("arn:aws:sqs:us-east-1:000000000000:work");
    // without an endpoint of its own, a client goes where the queue URL says
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const sqs = new SQSClient({ region: "us-east-1", credentials, logger });
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: "hello" }));
    expect((await receive(sqs, url))[0]?.Body).toBe("hello");
  });

  it("refuse attributes out of range, and take changed ones", async () => {
    const engine = await start();
    await expect(engine.createQueue("work", { VisibilityTimeout: "99999" })).rejects.toThrow();
    await engine.createQueue("work", { VisibilityTimeout: "1" });
    const { url } = await engine.createQueue("work", { VisibilityTimeout: "7" });
    const { Attributes } = await sqsOf(engine).send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["VisibilityTimeout"] }),
    );
    expect(Attributes).toEqual({ VisibilityTimeout: "7" });
  });

  it("move a message that was received too often to the dead-letter queue", async () => {
    const engine = await start();
    const dead = await engine.createQueue("dead");
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 1 });
    const { url } = await engine.createQueue("work", { VisibilityTimeout: "0", RedrivePolicy });
    const sqs = sqsOf(engine);
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: "poison" }));
    expect(await receive(sqs, url)).toHaveLength(1);
    expect(await receive(sqs, url)).toHaveLength(0);
    expect((await receive(sqs, dead.url))[0]?.Body).toBe("poison");
  });

  it("keep a message from a long poll whose client has gone", async () => {
    const engine = await start();
    const { url } = await engine.createQueue("work");
    const sqs = sqsOf(engine);
    const leaving = new AbortController();
    const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 20 }), {
      abortSignal: leaving.signal,
    });
    setTimeout(() => leaving.abort(), 100);
    await expect(poll).rejects.toThrow("aborted");
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: "for the next" }));
    expect(await receive(sqs, url, 1)).toHaveLength(1);
  });

  it("keep their messages, receive counts and URLs over a restart on another port", async () => {
    const directory = await newDirectory();
    const first = await startQueueEngine({ stateDirectory: directory });
    const { url } = await first.createQueue("work", { VisibilityTimeout: "30" });
    const sqs = sqsOf(first);
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: "kept" }));
    const [message] = await receive(sqs, url);
    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: url,
        ReceiptHandle: message?.ReceiptHandle,
        VisibilityTimeout: 0,
      }),
    );
    await first.close();

    const second = await start(directory);
    const again = sqsOf(second);
    const found = await again.send(new GetQueueUrlCommand({ QueueName: "work" }));
    expect(found.QueueUrl).toBe(`${second.endpoint}/000000000000/work`);
    await second.createQueue("work", { VisibilityTimeout: "30" });
    expect((await receive(again, found.QueueUrl ?? ""))[0]).toMatchObject({
      Body: "kept",
      Attributes: { ApproximateReceiveCount: "2" },
    });
  });

  it("give a message to the next receiver at once when the process of the last one was killed", async () => {
    const directory = await newDirectory();
    const fixture = fileURLToPath(new URL("./fixtures/engine-process.ts", import.meta.url));
    const child = spawn(process.execPath, [fixture, directory], { stdio: ["ignore", "pipe", "inherit"] });
    const [said] = await once(child.stdout, "data");
    expect(String(said)).toBe("took 1\n");
    child.kill("SIGKILL");
    await once(child, "exit");
    const engine = await start(directory);
    const { url } = await engine.createQueue("work", { VisibilityTimeout: "30" });
    const [message] = await receive(sqsOf(engine), url);
    expect(message?.Body).toBe("kept");
    expect(message?.Attributes?.ApproximateReceiveCount).toBe("2");
  });
});

describe("buckets", () => {
  it("keep their objects over a restart", async () => {
    const directory = await newDirectory();
    const first = await startQueueEngine({ stateDirectory: directory });
    await first.createBucket("log");
    await s3Of(first).send(new PutObjectCommand({ Bucket: "log", Key: "tile/0/000", Body: "bytes" }));
    await first.close();
    const second = await start(directory);
    await second.createBucket("log");
    const { Body } = await s3Of(second).send(new GetObjectCommand({ Bucket: "log", Key: "tile/0/000" }));
    expect(await Body?.transformToString()).toBe("bytes");
  });

  it("take a conditional write once, also when many try at once", async () => {
    const engine = await start();
    await engine.createBucket("log");
    const s3 = s3Of(engine);
    const puts = Array.from({ length: 8 }, (_, index) =>
      s3.send(
        new PutObjectCommand({ Bucket: "log", Key: "tile", Body: `writer ${index}`, IfNoneMatch: "*" }),
      ),
    );
    const results = await Promise.allSettled(puts);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const refused = results.find((result) => result.status === "rejected");
    expect(refused?.reason).toMatchObject({
      name: "PreconditionFailed",
      $metadata: { httpStatusCode: 412 },
    });
  });

  it("take a write on condition of an entity tag", async () => {
    const engine = await start();
    await engine.createBucket("log");
    const s3 = s3Of(engine);
    const put = (Body: string, IfMatch?: string) =>
      s3.send(new PutObjectCommand({ Bucket: "log", Key: "head", Body, ...(IfMatch ? { IfMatch } : {}) }));
    await expect(put("zero", '"none"')).rejects.toMatchObject({ name: "NoSuchKey" });
    const { ETag } = await put("one");
    await put("two", ETag);
    await expect(put("three", ETag)).rejects.toMatchObject({ name: "PreconditionFailed" });
  });

  it("list by prefix, and refuse what they don't have", async () => {
    const engine = await start();
    await engine.createBucket("log");
    const s3 = s3Of(engine);
    for (const Key of ["a/1", "a/2", "b/1"])
      await s3.send(new PutObjectCommand({ Bucket: "log", Key, Body: Key }));
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: "log", Prefix: "a/" }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(["a/1", "a/2"]);
    const notImplemented = { name: "NotImplemented", $metadata: { httpStatusCode: 501 } };
    await expect(s3.send(new GetBucketVersioningCommand({ Bucket: "log" }))).rejects.toMatchObject(
      notImplemented,
    );
    const locked = new PutObjectCommand({
      Bucket: "log",
      Key: "c",
      Body: "c",
      ObjectLockMode: "COMPLIANCE",
      ObjectLockRetainUntilDate: new Date(Date.now() + 86_400_000),
    });
    await expect(s3.send(locked)).rejects.toMatchObject(notImplemented);
  });
});
