import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import {
  CreateQueueCommand,
  GetQueueUrlCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { account, region } from "../wire/account.ts";
import { type App, buildQueueApp, type Stores } from "./fauxqs.ts";
import { guardS3 } from "./s3-guard.ts";

export interface QueueEngineOptions {
  /** A free port unless given. */
  port?: number;
  /** Where queues, messages, buckets and objects are kept; in memory alone unless given. */
  stateDirectory?: string;
}

/** A queue as its users see it. */
export interface QueueAddress {
  url: string;
  arn: string;
}

/** SQS and S3 on one loopback port, in this process. */
export interface QueueEngine {
  /** For `AWS_ENDPOINT_URL_SQS` and `AWS_ENDPOINT_URL_S3`. */
  readonly endpoint: string;
  /**
   * Creates a queue, or sets the attributes of the one that has its name; its messages stay.
   *
   * @throws when an attribute is out of its range.
   */
  createQueue(name: string, attributes?: Record<string, string>): Promise<QueueAddress>;
  /** Creates a bucket unless it is there. */
  createBucket(name: string): Promise<void>;
  /** Ends open requests and closes the port; what was acknowledged is on disk. */
  close(): Promise<void>;
}

/**
 * Starts SQS and S3 on 127.0.0.1.
 *
 * With a state directory every acknowledged message and object survives the end of this process, however it
 * comes. Not enforced: message retention, bucket lifecycles, authentication. A request over 11 MiB is
 * refused.
 */
export async function startQueueEngine(options: QueueEngineOptions = {}): Promise<QueueEngine> {
  const server = createServer();
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    return await serve(server, endpoint, options.stateDirectory);
  } catch (error) {
    server.close();
    throw error;
  }
}

async function serve(
  server: Server,
  endpoint: string,
  stateDirectory: string | undefined,
): Promise<QueueEngine> {
  const { app, stores, close: closeState } = await buildQueueApp(endpoint, stateDirectory);
  guardS3(app, stores.s3Store);
  releaseAbandonedPolls(app, stores.sqsStore);
  await app.ready();
  server.on("request", (request, response) => app.routing(request, response));
  const config = { endpoint, region, credentials: { accessKeyId: "embedded", secretAccessKey: "embedded" } };
  const sqs = new SQSClient(config);
  const s3 = new S3Client(config);

  return {
    endpoint,
    createQueue: (name, attributes = {}) => ensureQueue(sqs, name, attributes),
    createBucket: (name) => ensureBucket(s3, name),
    async close() {
      sqs.destroy();
      s3.destroy();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      await app.close();
      closeState();
    },
  };
}

/**
 * A long poll whose client has gone would take the next message with it until its visibility timeout, so the
 * queue's polls are ended; those still wanted ask again.
 */
function releaseAbandonedPolls(app: App, sqs: Stores["sqsStore"]): void {
  app.addHook("preHandler", (request, reply, done) => {
    if (request.headers["x-amz-target"] === "AmazonSQS.ReceiveMessage") {
      const url = (request.body as { QueueUrl?: string } | null)?.QueueUrl;
      reply.raw.once("close", () => {
        if (!reply.raw.writableFinished && url) sqs.getQueue(url)?.cancelWaiters();
      });
    }
    done();
  });
}

async function ensureQueue(
  sqs: SQSClient,
  name: string,
  attributes: Record<string, string>,
): Promise<QueueAddress> {
  const arn = `arn:aws:sqs:${region}:${account}:${name}`;
  const existing = await findQueueUrl(sqs, name);
  if (existing) {
    const { FifoQueue: _, ...settable } = attributes;
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: existing, Attributes: settable }));
    return { url: existing, arn };
  }
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  if (!QueueUrl) throw new Error(`queue ${name} was created without a URL`);
  return { url: QueueUrl, arn };
}

async function findQueueUrl(sqs: SQSClient, name: string): Promise<string | undefined> {
  try {
    return (await sqs.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl;
  } catch (error) {
    if (error instanceof Error && error.name === "QueueDoesNotExist") return undefined;
    throw error;
  }
}

async function ensureBucket(s3: S3Client, name: string): Promise<void> {
  try {
    await s3.send(new CreateBucketCommand({ Bucket: name }));
  } catch (error) {
    if (!(error instanceof Error && /^BucketAlready/.test(error.name))) throw error;
  }
}
