import { ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { UnavailableError } from "@countersign/core/error/errors";
import { expect, test } from "vitest";
import { loopback } from "../../test-support/dynamodb.ts";
import { freePort } from "../../test-support/free-port.ts";
import { startSqs } from "../../test-support/sqs.ts";
import { createRevocationQueue } from "./revocation-queue.ts";

const hint = { executionArn: "arn:aws:states:us-east-1:123456789012:execution:payout:cs-1", grantId: "g-1" };

test("a hint arrives as JSON, and nothing beside it", async () => {
  await using service = await startSqs();
  const queueUrl = await service.createQueue("revocations");
  await createRevocationQueue({ sqs: service.sqs, queueUrl }).hint({ ...hint, ...{ token: "never" } });
  const { Messages = [] } = await service.sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl }));
  expect(Messages.map(({ Body = "" }) => JSON.parse(Body))).toEqual([hint]);
});

test("a queue that does not answer is unavailable", async () => {
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const sqs = new SQSClient({ ...loopback, endpoint, maxAttempts: 1 });
  const queue = createRevocationQueue({ sqs, queueUrl: `${endpoint}/1/revocations` });
  await expect(queue.hint(hint)).rejects.toBeInstanceOf(UnavailableError);
  sqs.destroy();
});
