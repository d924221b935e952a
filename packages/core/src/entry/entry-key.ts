import { createHash } from "node:crypto";
import type { EntryAction } from "./actions.ts";
import type { Entry, Subject } from "./entry.ts";

/** The primary key of a ledger item. */
export interface EntryKey {
  readonly pk: string;
  readonly sk: string;
}

/** What of an entry decides its key: the fact, never a time of recording. */
export type FactFields = Pick<
  Entry,
  "action" | "id" | "executionArn" | "startDate" | "redriveCount" | "subject" | "detail"
>;

const statusOfAction: Partial<Record<EntryAction, string>> = {
  "execution.started": "RUNNING",
  "execution.redriven": "RUNNING",
  "execution.succeeded": "SUCCEEDED",
  "execution.failed": "FAILED",
  "execution.timed_out": "TIMED_OUT",
  "execution.aborted": "ABORTED",
};

/**
 * Derives an entry's key from the fact it records, so that one fact has one key whatever the source.
 *
 * Within an execution, descending sort keys run from newest to oldest: what followed the end, the end,
 * its steps, its start; what the gate did before a startDate existed comes under `gate#`.
 *
 * @throws {TypeError} when the fields that identify the fact are missing.
 */
export function entryKey(fact: FactFields): EntryKey {
  return { pk: partition(fact), sk: sortKey(fact) };
}

/** Whether an action is a status that Step Functions reports, with a time of its own. */
export function isStatusAction(action: EntryAction): boolean {
  return action === "execution.status_changed" || statusOfAction[action] !== undefined;
}

/** SHA-256 of a fact's key, base64url: the entry's id. */
export function entryId(key: EntryKey): string {
  return createHash("sha256").update(`${key.pk}\n${key.sk}`).digest("base64url");
}

/** A short, fixed-length stand-in for a subject in keys; collisions are out of reach (128 bits). */
export function subjectDigest(subject: Subject): string {
  return createHash("sha256")
    .update(JSON.stringify([subject.iss, subject.sub]))
    .digest("base64url")
    .slice(0, 22);
}

function partition(fact: FactFields): string {
  if (fact.executionArn) return `EXECUTION#${fact.executionArn}`;
  if (fact.action.startsWith("secret."))
    return `SECRET#${required(fact.detail?.["secret"], "detail.secret")}`;
  if (fact.subject) return `SUBJECT#${subjectDigest(fact.subject)}`;
  return `SYSTEM#${fact.action.slice(0, fact.action.indexOf("."))}`;
}

function sortKey(fact: FactFields): string {
  const status = statusName(fact);
  if (status !== undefined) return `${instance(fact)}#${status === "RUNNING" ? 1 : 7}#${status}`;
  const id = required(fact.id, "id");
  if (fact.executionArn && fact.startDate !== undefined) {
    return fact.action.startsWith("step.")
      ? `${instance(fact)}#5#${id.padStart(6, "0")}#${fact.action}`
      : `${instance(fact)}#9#${id}#${fact.action}`;
  }
  return `gate#${id}#${fact.action}`;
}

function statusName(fact: FactFields): string | undefined {
  if (fact.action === "execution.status_changed") return required(fact.detail?.["status"], "detail.status");
  return statusOfAction[fact.action];
}

function instance(fact: FactFields): string {
  if (fact.startDate === undefined || fact.redriveCount === undefined) {
    throw new TypeError(`${fact.action} needs startDate and redriveCount`);
  }
  return `${String(fact.startDate).padStart(13, "0")}#${String(fact.redriveCount).padStart(4, "0")}`;
}

function required(value: unknown, field: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new TypeError(`an entry of this action needs ${field}`);
}
