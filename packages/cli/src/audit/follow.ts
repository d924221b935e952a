import { setTimeout as sleep } from "node:timers/promises";
import type { Client, Entry, EntryQuery } from "@countersign/client/client";
import { ApiError } from "@countersign/client/errors";
import { isTransient } from "../connection/transient.ts";

export interface FollowOptions {
  readonly query: EntryQuery;
  /** Entries to begin with. */
  readonly limit: number;
  /** Ends the following, without an error. */
  readonly signal: AbortSignal;
  /** Told when the API cannot be reached for a while. */
  readonly onTrouble: (error: Error) => void;
  readonly intervalMs?: number;
}

/**
 * Windows overlap by this much: the ledger's indexes are eventually consistent, so that an entry may show up
 * after one that was recorded later.
 */
export const overlapMs = 60_000;

const defaultIntervalMs = 2_000;
const longestWaitMs = 30_000;

/**
 * Yields entries as they are recorded, each once, oldest first within a batch: the newest `limit` to begin
 * with, then what comes. Time is the API's own, so clocks need not agree.
 *
 * @throws {ApiError} when the API refuses; what may pass by itself is tried again.
 */
export async function* followEntries(client: Client, options: FollowOptions) {
  const { query, signal, limit, intervalMs = defaultIntervalMs } = options;
  const seen = new Map<string, number>();
  let window: Window | undefined;
  let wait = 0;
  while (!signal.aborted) {
    try {
      window = await readWindow(client, query, window, limit, signal);
      const fresh = unseen(window, seen);
      if (fresh.length > 0) yield fresh;
      wait = intervalMs;
    } catch (error) {
      if (signal.aborted) return;
      if (window === undefined || !isTransient(error)) throw error;
      options.onTrouble(error);
      wait = nextWait(wait, error);
    }
    await sleep(wait, undefined, { signal }).catch(() => undefined);
  }
}

interface Window {
  /** Newest first. */
  readonly entries: readonly Entry[];
  /** Its end, by the API's clock. */
  readonly to: number;
  /** Its start: no later window reaches back further, so that what was not asked for stays out. */
  readonly floor: number;
}

/** The newest `limit` entries to begin with; then all that were recorded since the last window's overlap. */
async function readWindow(
  client: Client,
  query: EntryQuery,
  last: Window | undefined,
  limit: number,
  signal: AbortSignal,
): Promise<Window> {
  const entries: Entry[] = [];
  let to = 0;
  let floor = 0;
  const most = last === undefined ? limit : Number.POSITIVE_INFINITY;
  const from = last === undefined ? {} : { from: String(Math.max(last.to - overlapMs, last.floor)) };
  const pages = client.entryPages({ ...query, ...from, limit: Math.min(most, 100) }, { signal });
  for await (const page of pages) {
    ({ to, from: floor } = page);
    entries.push(...page.entries);
    if (entries.length < most) continue;
    const kept = entries.slice(0, most);
    return { entries: kept, to, floor: kept.at(-1)?.recordedAt ?? floor };
  }
  return { entries, to, floor };
}

/** New entries, oldest first; what has fallen out of the overlap is forgotten. */
function unseen({ entries, to }: Window, seen: Map<string, number>): Entry[] {
  const fresh = entries.filter(({ entryId }) => !seen.has(entryId));
  for (const { entryId, recordedAt } of fresh) seen.set(entryId, recordedAt);
  for (const [entryId, recordedAt] of seen) if (recordedAt < to - overlapMs) seen.delete(entryId);
  return fresh.reverse();
}

function nextWait(wait: number, error: Error): number {
  const asked = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
  return Math.min(Math.max(asked, wait * 2, 1_000), longestWaitMs);
}
