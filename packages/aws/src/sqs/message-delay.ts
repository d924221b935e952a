import { ChangeMessageVisibilityCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { orUnavailable } from "../sdk-error.ts";

/** Puts off the next delivery of a message that is being handled. */
export interface MessageDelay {
  /** @throws {UnavailableError} `store.unavailable`: the message then comes back after the queue's own time. */
  delay(receiptHandle: string, seconds: number): Promise<void>;
}

/** Delays messages of one queue by their visibility timeout, which SQS allows up to 12 hours. */
export function createMessageDelay({
  sqs,
  queueUrl,
}: {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
}): MessageDelay {
  return {
    async delay(receiptHandle, seconds) {
      const command = new ChangeMessageVisibilityCommand({
        QueueUrl: queueUrl,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: seconds,
      });
      await orUnavailable(sqs.send(command), "the queue");
    },
  };
}
