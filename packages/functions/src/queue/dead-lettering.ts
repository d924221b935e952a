import { createHash } from "node:crypto";
import type { MessageDelay } from "@countersign/aws/sqs/message-delay";
import type { Clock } from "@countersign/core/clock";
import type { DeadLetter, DeadLetterQueue } from "@countersign/core/dead-letter/dead-letter";
import type { ErrorCode } from "@countersign/core/error/catalog";
import { CountersignError, IntegrityError, InvalidInputError } from "@countersign/core/error/errors";
import { backoffSeconds } from "@countersign/core/retry/backoff";
import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { asError, type ErrorLog } from "../api/http.ts";

export interface DeadLetteringDeps {
  readonly clock: Clock;
  readonly deadLetters: DeadLetterQueue;
  readonly queue: DeadLetter["queue"];
  /** Tries of one message before it is given up. */
  readonly maxReceives: number;
  /** What of a body may be kept, to be sent again. */
  readonly redact: (body: string) => string | undefined;
  /** Told before the letter is written; a failure that may pass leaves the message for another try. */
  readonly onGiveUp?: (record: SQSRecord, error: unknown) => Promise<void>;
  /** Puts off the next try of a message. */
  readonly delay: MessageDelay;
  readonly log: ErrorLog;
}

/**
 * Handles a batch message by message and reports the failed ones (ReportBatchItemFailures).
 *
 * The function itself gives a message up, not the queue: a queue's own dead-lettering would keep the body,
 * and with it whatever token someone put into an execution's input.
 */
export function handleBatch(
  deps: DeadLetteringDeps,
  handle: (record: SQSRecord) => Promise<void>,
): (event: SQSEvent) => Promise<SQSBatchResponse> {
  return async ({ Records }) => {
    const failed = await Promise.all(
      Records.map(async (record) => ((await tryOne(deps, record, handle)) ? [] : [record.messageId])),
    );
    return { batchItemFailures: failed.flat().map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

/** True when the message is done with, recorded or dead-lettered. */
async function tryOne(
  deps: DeadLetteringDeps,
  record: SQSRecord,
  handle: (record: SQSRecord) => Promise<void>,
): Promise<boolean> {
  const receives = Number(record.attributes.ApproximateReceiveCount);
  try {
    // A message that keeps killing the function never reaches the catch below.
    if (receives > deps.maxReceives)
      throw new InvalidInputError("event.undeliverable", "its tries ended without an outcome");
    await handle(record);
    return true;
  } catch (error) {
    if (receives < deps.maxReceives && !isFinal(error)) {
      await putOff(deps, record, error, receives);
      return false;
    }
    deps.log.error("message failed", { error: asError(error), messageId: record.messageId, receives });
    return giveUp(deps, record, error, receives);
  }
}

/** What may pass by itself is a warning, and tried again after a while; anything else is an error each time. */
async function putOff(
  { delay, log }: DeadLetteringDeps,
  { messageId, receiptHandle }: SQSRecord,
  error: unknown,
  receives: number,
): Promise<void> {
  const known = error instanceof CountersignError ? error : undefined;
  const seconds = backoffSeconds({
    tries: receives,
    retryAfterSeconds: known?.retryAfterSeconds,
    random: Math.random(),
  });
  if (known?.definition.retryable) {
    log.warn("message put off", { code: known.code, detail: known.message, messageId, receives, seconds });
  } else {
    log.error("message failed", { error: asError(error), messageId, receives });
  }
  await delay.delay(receiptHandle, seconds).catch((failure: unknown) => {
    log.warn("message not put off", { detail: asError(failure).name, messageId });
  });
}

async function giveUp(
  deps: DeadLetteringDeps,
  record: SQSRecord,
  error: unknown,
  receiveCount: number,
): Promise<boolean> {
  try {
    await tellFirst(deps, record, error);
    await deps.deadLetters.send(letterFor(deps, record, error, receiveCount));
    return true;
  } catch (again) {
    deps.log.error("message could not be dead-lettered", {
      error: asError(again),
      messageId: record.messageId,
    });
    return false;
  }
}

/** A message that nobody can ever be told of still becomes a letter: left where it is, it would be lost in the end. */
async function tellFirst({ onGiveUp, log }: DeadLetteringDeps, record: SQSRecord, error: unknown) {
  try {
    await onGiveUp?.(record, error);
  } catch (failure) {
    if (failure instanceof CountersignError && failure.definition.retryable) throw failure;
    log.error("message given up untold", { error: asError(failure), messageId: record.messageId });
  }
}

/** What of a body may be kept; nothing of one that can't be made safe. */
function redactedBody(
  { redact, log }: DeadLetteringDeps,
  { body, messageId }: SQSRecord,
): string | undefined {
  try {
    return redact(body);
  } catch (failure) {
    log.error("message could not be redacted", { error: asError(failure), messageId });
    return undefined;
  }
}

function letterFor(
  deps: DeadLetteringDeps,
  record: SQSRecord,
  error: unknown,
  receiveCount: number,
): DeadLetter {
  const redrivable = redactedBody(deps, record);
  const bytes = Buffer.from(record.body, "utf8");
  return {
    id: record.messageId,
    queue: deps.queue,
    reason: reasonOf(error),
    sha256: createHash("sha256").update(bytes).digest("base64url"),
    bytes: bytes.length,
    receiveCount,
    at: deps.clock.now(),
    ...(redrivable !== undefined && { redrivable }),
  };
}

/** Only our own errors have messages known to hold no payload. */
function reasonOf(error: unknown): { code: ErrorCode; message: string } {
  if (error instanceof CountersignError) return { code: error.code, message: error.message };
  return { code: "internal", message: "an internal error; the logs have it by message id" };
}

function isFinal(error: unknown): boolean {
  return error instanceof InvalidInputError || error instanceof IntegrityError;
}
