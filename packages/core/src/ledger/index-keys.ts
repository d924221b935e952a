import { createHash } from "node:crypto";
import type { Entry } from "../entry/entry.ts";
import { subjectDigest } from "../entry/entry-key.ts";
import type { Question } from "./ledger.ts";

/** Partitions of one day in the time index, and of one month in the outcome index. */
export const dayShards = 16;
export const outcomeShards = 4;

/** Index attributes of an entry: outside its bytes, recomputed from them when the ledger is verified. */
export interface IndexKeys {
  /** Sort key of every index: time of recording, then the entry, so that no two are equal. */
  readonly time: string;
  readonly day: string;
  readonly subject?: string;
  readonly client?: string;
  readonly workflow?: string;
  readonly outcome?: string;
  /** One index row for each scope. */
  readonly scopes: readonly string[];
}

/** Derives all index keys of an entry. */
export function indexKeys(entry: Entry): IndexKeys {
  const shard = createHash("sha256").update(entry.entryId).digest().readUInt32BE(0);
  const month = monthOf(entry.recordedAt);
  const decides = isDecision(entry);
  return {
    time: timeKey(entry.recordedAt, entry.entryId),
    day: dayPartition(dayOf(entry.recordedAt), shard % dayShards),
    ...(decides && entry.subject && { subject: `SUBJECT#${subjectDigest(entry.subject)}#${month}` }),
    ...(decides && entry.clientId && { client: monthPartition("CLIENT", entry.clientId, month) }),
    ...(decides && entry.workflow && { workflow: monthPartition("WORKFLOW", entry.workflow, month) }),
    ...(entry.outcome !== "success" && {
      outcome: `OUTCOME#${entry.outcome}#${month}#${shard % outcomeShards}`,
    }),
    scopes: decides
      ? [...new Set(entry.scopes ?? [])].map((scope) => monthPartition("SCOPE", scope, month))
      : [],
  };
}

/** Sort key of a time, or with an entry's id the exact place of that entry. */
export function timeKey(epochMillis: number, entryId = ""): string {
  return `${String(epochMillis).padStart(13, "0")}#${entryId.slice(0, 8)}`;
}

/** The partitions that hold a question's rows for one period (a day for `time`, else a month). */
export function partitionsOf(question: Exclude<Question, { by: "execution" }>, period: string): string[] {
  switch (question.by) {
    case "time":
      return Array.from({ length: dayShards }, (_, shard) => dayPartition(period, shard));
    case "outcome":
      return Array.from(
        { length: outcomeShards },
        (_, shard) => `OUTCOME#${question.outcome}#${period}#${shard}`,
      );
    case "subject":
      return [`SUBJECT#${subjectDigest(question.subject)}#${period}`];
    case "client":
      return [monthPartition("CLIENT", question.clientId, period)];
    case "workflow":
      return [monthPartition("WORKFLOW", question.workflow, period)];
    case "scope":
      return [monthPartition("SCOPE", question.scope, period)];
  }
}

/** The periods between two times, newest first: days for `time`, months for all else. */
export function periodsOf(question: Question, from: number, to: number): string[] {
  const name = question.by === "time" ? dayOf : monthOf;
  const periods: string[] = [];
  for (let at = to - 1; at >= from; at = startOf(name(at)) - 1) periods.push(name(at));
  return periods;
}

function isDecision(entry: Entry): boolean {
  if (entry.action === "execution.authorized" || entry.action === "execution.denied") return true;
  return entry.action === "execution.started" && entry.attribution === "none";
}

/** Longer values stand in keys by their digest: DynamoDB takes 2,048 bytes, and a client_id alone may have more. */
const maxKeyedBytes = 512;

function monthPartition(index: "CLIENT" | "WORKFLOW" | "SCOPE", value: string, month: string): string {
  if (Buffer.byteLength(value) <= maxKeyedBytes) return `${index}#${value}#${month}`;
  // A prefix of its own, so that no value is mistaken for another's digest.
  return `${index}_SHA256#${createHash("sha256").update(value).digest("base64url")}#${month}`;
}

const dayPartition = (day: string, shard: number): string => `DAY#${day}#${shard}`;
const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
const monthOf = (at: number): string => new Date(at).toISOString().slice(0, 7);
const startOf = (period: string): number => Date.parse(period.length === 7 ? `${period}-01` : period);
