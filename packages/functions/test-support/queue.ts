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
