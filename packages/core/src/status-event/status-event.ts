import { z } from "zod";
import { InvalidInputError } from "../error/errors.ts";
import { errorName, keptFacts, type PayloadFacts, payloadFactsOf } from "./payload-facts.ts";

/** A "Step Functions Execution Status Change" event with its input and output reduced to digests. */
export interface StatusEvent extends PayloadFacts {
  readonly eventId: string | undefined;
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly stateMachineVersionArn?: string;
  readonly stateMachineAliasArn?: string;
  readonly status: string;
  /** Epoch milliseconds. */
  readonly startDate: number;
  readonly stopDate?: number;
  readonly redriveCount: number;
  readonly redriveDate?: number;
  readonly redriveStatus?: string;
  /** The error's name; its cause is never kept, for it may quote the input. */
  readonly error?: string;
  /** Epoch milliseconds of the envelope; its resolution is one second. */
  readonly time: number;
}

const optionalText = z.string().nullish();
const dateLike = z.union([z.number(), z.string()]).nullish();

const envelopeSchema = z.looseObject({
  id: optionalText,
  source: z.literal("aws.states"),
  "detail-type": z.literal("Step Functions Execution Status Change"),
  time: z.string(),
  detail: z.looseObject({
    executionArn: z.string().regex(/^arn:[^:]+:states:[^:]*:[^:]*:execution:.+$/),
    stateMachineArn: z.string().startsWith("arn:"),
    status: z.string().regex(/^[A-Z_]{1,64}$/),
    startDate: z.int().min(0),
    stopDate: z.int().min(0).nullish(),
    input: optionalText,
    output: optionalText,
    stateMachineVersionArn: optionalText,
    stateMachineAliasArn: optionalText,
    redriveCount: z.int().min(0).nullish(),
    redriveDate: dateLike,
    redriveStatus: optionalText,
    error: optionalText,
    cause: optionalText,
  }),
});

/**
 * Parses a status event of any age: fields added since 2019 are optional, dates may be numbers or strings.
 *
 * Input, output and cause are scanned for token shapes, digested and dropped here. An event that comes back from
 * the dead letters has none of them, and says what they told.
 *
 * @throws {InvalidInputError} `event.malformed`, naming the field.
 */
export function parseStatusEvent(event: unknown): StatusEvent {
  const parsed = envelopeSchema.safeParse(event);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = issue?.path.join(".") || "event";
    throw new InvalidInputError("event.malformed", `"${field}": ${issue?.message ?? "is malformed"}`, {
      field,
    });
  }
  const { detail, ...envelope } = parsed.data;
  const redriveDate = epoch(detail.redriveDate);
  return {
    eventId: envelope.id ?? undefined,
    executionArn: detail.executionArn,
    stateMachineArn: detail.stateMachineArn,
    ...present("stateMachineVersionArn", detail.stateMachineVersionArn),
    ...present("stateMachineAliasArn", detail.stateMachineAliasArn),
    status: detail.status,
    startDate: detail.startDate,
    ...present("stopDate", detail.stopDate),
    redriveCount: detail.redriveCount ?? 0,
    ...present("redriveDate", redriveDate),
    ...present("redriveStatus", detail.redriveStatus),
    ...(detail.error && { error: errorName(detail.error) }),
    time: eventTime(envelope.time),
    ...(keptFacts(envelope, detail) ?? payloadFactsOf(detail)),
  };
}

function eventTime(time: string): number {
  const at = Date.parse(time);
  if (Number.isNaN(at)) {
    throw new InvalidInputError("event.malformed", '"time" is not a date, expected ISO 8601', {
      field: "time",
    });
  }
  return at;
}

/** AWS documents redriveDate as a string and sends a number of milliseconds: both are read. */
function epoch(date: number | string | null | undefined): number | undefined {
  if (date === null || date === undefined) return undefined;
  const at = typeof date === "number" ? date : /^\d+$/.test(date) ? Number(date) : Date.parse(date);
  return Number.isSafeInteger(at) ? at : undefined;
}

function present<K extends string, V>(key: K, value: V | null | undefined): { [P in K]?: V } {
  return value === null || value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}
