import { createHash, randomUUID } from "node:crypto";
import type { EntryAction } from "../entry/actions.ts";
import { type EntryFields, factProjection } from "../entry/build-entry.ts";
import { canonicalJson, type LedgerValue } from "../entry/canonical-json.ts";
import type { Entry } from "../entry/entry.ts";
import { type CountersignError, isRefusal } from "../error/errors.ts";
import { callerFields } from "../gate/start-entries.ts";
import type { LedgerWriter } from "../ledger/ledger.ts";
import type { VerifiedToken } from "../token/verified-token.ts";

/** What an entry of an act adds to who did it. */
export type ActFields = Partial<Omit<EntryFields, "id" | "occurredAt" | "action" | "outcome" | "source">>;

/** An act of a verified token through the API that was allowed, as an entry of its own. */
export function actEntry(
  action: EntryAction,
  token: VerifiedToken,
  occurredAt: number,
  fields: ActFields = {},
): EntryFields {
  return {
    action,
    outcome: "success",
    source: "api",
    id: randomUUID(),
    occurredAt,
    ...callerFields(token),
    scopes: token.scopes.slice(0, 128),
    fingerprint: token.fingerprint,
    ...fields,
  };
}

/** The same act, refused, and why. */
export function refusedEntry(entry: EntryFields, error: CountersignError): EntryFields {
  return { ...entry, outcome: "denied", error: { name: error.name, code: error.code } };
}

const minuteMs = 60_000;

/**
 * Makes one entry of what the same token does alike within a minute: a look that is repeated, as a poller's is,
 * tells nothing new and must not buy a write each time.
 *
 * Alike is what the entry's own facts say and what `asked` adds to them. Of several looks the first is recorded:
 * its time, its results, its window.
 */
export function coalesced(entry: EntryFields, asked: LedgerValue = null): EntryFields {
  const { id: _id, ...fields } = entry;
  const fact = factProjection(fields as Entry);
  const minute = Math.floor(entry.occurredAt / minuteMs);
  const digest = createHash("sha256").update(canonicalJson([fact, minute, asked]));
  return { ...entry, id: digest.digest("base64url") };
}

/** Runs an act; a refusal is recorded before it is thrown, so that without its record it is no answer. */
export async function recordingRefusal<T>(
  ledger: LedgerWriter,
  entryOf: (error: CountersignError) => EntryFields,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (isRefusal(error)) await ledger.append(entryOf(error));
    throw error;
  }
}
