import type { MessageDelay } from "@countersign/aws/sqs/message-delay";
import type { SQSEvent, SQSRecord } from "aws-lambda";

/** A message as Lambda gets it from SQS. */
export function message(messageId: string, body: unknown, receives = 1): SQSRecord {
  return {
    messageId,
    receiptHandle: `receipt-${messageId}`,
    body: typeof body === "string" ? body : JSON.stringify(body),
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: "1768478400000",
      SenderId: "events",
      ApproximateFirstReceiveTimestamp: "1768478400000",
    },
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: "arn:aws:sqs:eu-west-1:123456789012:queue",
    awsRegion: "eu-west-1",
  };
}

export const batch = (...Records: SQSRecord[]): SQSEvent => ({ Records });

/** The answer by which Lambda deletes all messages of a batch but these. */
export const leaves = (...ids: string[]) => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});

/** Keeps what was put off, in seconds by receipt handle. */
export class MemoryDelay implements MessageDelay {
  readonly seconds = new Map<string, number>();
  failure: Error | undefined;

  async delay(receiptHandle: string, seconds: number): Promise<void> {
    if (this.failure) throw this.failure;
    this.seconds.set(receiptHandle, seconds);
  }
}
