import { setTimeout as sleep } from "node:timers/promises";
import type { Client, Entry, EntryQuery } from "@countersign/client/client";
import { ApiError, ConnectionError } from "@countersign/client/errors";

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
  const { signal } = options;
  const next = batches(client, options);
  let wait = 0;
  while (!signal.aborted) {
    try {
      yield await next();
      wait = options.intervalMs ?? defaultIntervalMs;
    } catch (error) {
      if (signal.aborted) return;
      if (!mayPass(error)) throw error;
      options.onTrouble(error);
      wait = nextWait(wait, error);
    }
    await sleep(wait, undefined, { signal }).catch(() => undefined);
  }
}

/** Reads one overlapping window after another, and keeps what was given already from being given again. */
function batches(client: Client, { query, limit, signal }: FollowOptions): () => Promise<Entry[]> {
  const seen = new Map<string, number>();
  let floor = 0;
  let from: number | undefined;
  return async () => {
    const isFirst = from === undefined;
    const window = isFirst ? query : { ...query, from: String(from) };
    const { entries, to, isCut } = await readWindow(client, window, isFirst ? limit : undefined, signal);
    if (isFirst && isCut) floor = entries.at(-1)?.recordedAt ?? 0;
    from = Math.max(to - overlapMs, floor);
    return unseen(entries, seen, from, floor);
  };
}

/** Newest first, all of the window or the newest `limit`. */
async function readWindow(client: Client, query: EntryQuery, limit: number | undefined, signal: AbortSignal) {
  const entries: Entry[] = [];
  let to = 0;
  for await (const page of client.entryPages({ ...query, limit: Math.min(limit ?? 100, 100) }, { signal })) {
    to = page.to;
    entries.push(...page.entries);
    if (limit !== undefined && entries.length >= limit) {
      return { entries: entries.slice(0, limit), to, isCut: true };
    }
  }
  return { entries, to, isCut: false };
}

/** New entries, oldest first; what fell out of the overlap is forgotten. */
function unseen(entries: readonly Entry[], seen: Map<string, number>, from: number, floor: number): Entry[] {
  const fresh = entries.filter(({ entryId, recordedAt }) => recordedAt >= floor && !seen.has(entryId));
  for (const { entryId, recordedAt } of fresh) seen.set(entryId, recordedAt);
  for (const [entryId, recordedAt] of seen) if (recordedAt < from) seen.delete(entryId);
  return fresh.reverse();
}

function mayPass(error: unknown): error is Error {
  if (error instanceof ConnectionError) return true;
  return error instanceof ApiError && (error.status === 429 || error.status >= 500);
}

function nextWait(wait: number, error: Error): number {
  const asked = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
  return Math.min(Math.max(asked, wait * 2, 1_000), longestWaitMs);
}
