import { setTimeout as sleep } from "node:timers/promises";
import type { Client, Entry, EntryQuery } from "@countersign/client/client";
import { ApiError } from "@countersign/client/errors";
import { isTransient } from "../connection/transient.ts";

export interface FollowOptions {
  readonly query: EntryQuery;
  /** Entries to begin with. */
  readonly limit: number;
  /** Whether an entry is shown; the others count for nothing. */
  readonly isShown?: (entry: Entry) => boolean;
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

/** Pages that are read for the entries to begin with, however few of them are shown. */
export const mostFirstPages = 10;
const pageSize = 100;
const defaultIntervalMs = 2_000;
const longestWaitMs = 30_000;

/**
 * Yields entries as they are recorded, each once, oldest first within a batch: the newest `limit` to begin
 * with (which may be none), then what comes. Time is the API's own, so clocks need not agree.
 *
 * @throws {ApiError} when the API refuses; what may pass by itself is tried again.
 */
export async function* followEntries(client: Client, options: FollowOptions) {
  const { signal, intervalMs = defaultIntervalMs } = options;
  const seen = new Map<string, number>();
  let window: Window | undefined;
  let wait = 0;
  while (!signal.aborted) {
    try {
      const isFirst = window === undefined;
      window = await readWindow(client, options, window);
      const fresh = unseen(window, seen);
      // the first batch tells that the API answers
      if (isFirst || fresh.length > 0) yield fresh;
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
  { query, limit, signal, isShown = () => true }: FollowOptions,
  last: Window | undefined,
): Promise<Window> {
  const entries: Entry[] = [];
  let [to, floor, pagesRead] = [0, 0, 0];
  const most = last === undefined ? limit : Number.POSITIVE_INFINITY;
  const from = last === undefined ? {} : { from: String(Math.max(last.to - overlapMs, last.floor)) };
  const pages = client.entryPages({ ...query, ...from, limit: pageSize }, { signal });
  for await (const page of pages) {
    ({ to, from: floor } = page);
    entries.push(...page.entries.filter(isShown));
    pagesRead += 1;
    if (entries.length >= most) {
      const kept = entries.slice(0, most);
      return { entries: kept, to, floor: kept.at(-1)?.recordedAt ?? floor };
    }
    if (most < Number.POSITIVE_INFINITY && pagesRead === mostFirstPages) {
      return { entries, to, floor: page.entries.at(-1)?.recordedAt ?? floor };
    }
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
