import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { buildApp } from "fauxqs";
import { loopback } from "./dynamodb.ts";

/** An SQS of one test file, in memory, on loopback. */
export interface TestSqs extends AsyncDisposable {
  readonly sqs: SQSClient;
  createQueue(name: string): Promise<string>;
}

export async function startSqs(): Promise<TestSqs> {
  const app = buildApp({ logger: false });
  const endpoint = await app.listen({ host: "127.0.0.1", port: 0 });
  // Its queue URLs are on a host name that not every resolver knows.
  const sqs = new SQSClient({ ...loopback, endpoint, useQueueUrlAsEndpoint: false });
  return {
    sqs,
    createQueue: async (name) => {
      const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
      return QueueUrl ?? "";
    },
    [Symbol.asyncDispose]: async () => {
      sqs.destroy();
      await app.close();
    },
  };
}
