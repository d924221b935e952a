import { z } from "zod";
import { AwsError, type Operation, operation } from "../wire/aws-json.ts";
import { busNameOf } from "./bus-operations.ts";
import { completeEvent, type ServiceEventEnvelope, toEventTime } from "./event.ts";
import { isObject, type Json, type JsonObject } from "./pattern/json.ts";
import type { RuleStore } from "./rule-store.ts";

export interface PutEventsDeps {
  readonly rules: RuleStore;
  /** Makes an event durable and starts its deliveries. */
  readonly accept: (bus: string, event: ServiceEventEnvelope) => void;
  readonly now: () => number;
}

const entrySchema = z.strictObject({
  Time: z.number().optional(),
  Source: z.string().optional(),
  DetailType: z.string().optional(),
  Detail: z.string().optional(),
  Resources: z.array(z.string()).optional(),
  EventBusName: z.string().min(1).max(1600).optional(),
});

type Entry = z.output<typeof entrySchema>;

const largestRequestBytes = 256 * 1024;

/** PutEvents: entries fail one by one; only a malformed or oversized request fails whole. */
export function putEventsOperation(deps: PutEventsDeps): Readonly<Record<string, Operation>> {
  const schema = z.strictObject({ Entries: z.array(entrySchema).min(1).max(10) });
  return {
    PutEvents: operation(schema, ({ Entries }) => {
      const size = Entries.reduce((total, entry) => total + entryBytes(entry), 0);
      if (size > largestRequestBytes) {
        throw new AwsError(
          "ValidationException",
          "Total size of the entries in the request is over the limit.",
        );
      }
      const results = Entries.map((entry) => putEntry(deps, entry));
      return { FailedEntryCount: results.filter((result) => "ErrorCode" in result).length, Entries: results };
    }),
  };
}

/** Source: EventBridge user guide, "Calculating PutEvents event entry size". */
function entryBytes(entry: Entry): number {
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])];
  const time = entry.Time === undefined ? 0 : 14;
  return texts.reduce((total, text) => total + Buffer.byteLength(text ?? ""), time);
}

type EntryResult = { EventId: string } | { ErrorCode: string; ErrorMessage: string };

function putEntry({ rules, accept, now }: PutEventsDeps, entry: Entry): EntryResult {
  const refusal = refuse(rules, entry);
  if (refusal) return refusal;
  const detail = parseDetail(entry.Detail);
  if (!detail) return failed("MalformedDetail", "Detail is malformed.");
  const event = completeEvent(
    {
      "detail-type": entry.DetailType ?? "",
      source: entry.Source ?? "",
      detail,
      resources: entry.Resources ?? [],
      ...(entry.Time === undefined ? {} : { time: toEventTime(entry.Time * 1000) }),
    },
    now(),
  );
  accept(busNameOf(entry.EventBusName), event);
  return { EventId: event.id };
}

function refuse(rules: RuleStore, entry: Entry): EntryResult | undefined {
  for (const name of ["Source", "DetailType", "Detail"] as const) {
    if (!entry[name]) {
      return failed(
        "InvalidArgument",
        `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
      );
    }
  }
  if (/^aws\./i.test(entry.Source ?? "")) {
    return failed("NotAuthorizedForSourceException", "Not authorized for the source.");
  }
  const bus = busNameOf(entry.EventBusName);
  if (!rules.findBus(bus)) return failed("ResourceNotFoundException", `Event bus ${bus} does not exist.`);
  return undefined;
}

function failed(code: string, message: string): EntryResult {
  return { ErrorCode: code, ErrorMessage: message };
}

function parseDetail(text: string | undefined): JsonObject | undefined {
  try {
    const detail = JSON.parse(text ?? "") as Json;
    return isObject(detail) ? detail : undefined;
  } catch {
    return undefined;
  }
}
