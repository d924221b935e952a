import type { Message, MessageAttributeValue } from "@aws-sdk/client-sqs";
import type { SQSEvent, SQSMessageAttribute, SQSRecord } from "aws-lambda";

/** Gives received messages the shape in which Lambda hands them to a function. */
export function toSqsEvent(messages: readonly Message[], queueArn: string): SQSEvent {
  return { Records: messages.map((message) => toRecord(message, queueArn)) };
}

function toRecord(message: Message, queueArn: string): SQSRecord {
  return {
    messageId: message.MessageId ?? "",
    receiptHandle: message.ReceiptHandle ?? "",
    body: message.Body ?? "",
    attributes: { ...message.Attributes } as unknown as SQSRecord["attributes"],
    messageAttributes: mapValues(message.MessageAttributes ?? {}, toAttribute),
    md5OfBody: message.MD5OfBody ?? "",
    ...(message.MD5OfMessageAttributes ? { md5OfMessageAttributes: message.MD5OfMessageAttributes } : {}),
    eventSource: "aws:sqs",
    eventSourceARN: queueArn,
    awsRegion: queueArn.split(":")[3] ?? "",
  };
}

function toAttribute(value: MessageAttributeValue): SQSMessageAttribute {
  return {
    ...(value.StringValue === undefined ? {} : { stringValue: value.StringValue }),
    ...(value.BinaryValue === undefined
      ? {}
      : { binaryValue: Buffer.from(value.BinaryValue).toString("base64") }),
    stringListValues: [],
    binaryListValues: [],
    dataType: (value.DataType ?? "String") as SQSMessageAttribute["dataType"],
  };
}

function mapValues<A, B>(record: Record<string, A>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/**
 * Reads which messages of a batch a function says it could not process: their ids, or `all` when the
 * answer is malformed or names a message outside the batch.
 *
 * See https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html, "Success and failure
 * conditions".
 */
export function readBatchItemFailures(answer: unknown, batchIds: ReadonlySet<string>): Set<string> | "all" {
  if (answer === null || answer === undefined) return new Set();
  if (typeof answer !== "object" || Array.isArray(answer)) return "all";
  const failures = (answer as Record<string, unknown>)["batchItemFailures"];
  if (failures === null || failures === undefined) return new Set();
  if (!Array.isArray(failures)) return "all";
  const ids = failures.map((failure: unknown) => readItemIdentifier(failure));
  return ids.every((id) => id !== undefined && batchIds.has(id)) ? new Set(ids as string[]) : "all";
}

function readItemIdentifier(failure: unknown): string | undefined {
  if (typeof failure !== "object" || failure === null) return undefined;
  const id = (failure as Record<string, unknown>)["itemIdentifier"];
  return typeof id === "string" ? id : undefined;
}
