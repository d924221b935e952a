import type { EntryFields } from "../entry/build-entry.ts";
import type { CountersignError } from "../error/errors.ts";
import { findTokenShapes } from "../token/token-shape.ts";
import type { VerifiedToken } from "../token/verified-token.ts";
import { actEntry, coalesced, refusedEntry } from "./act-entries.ts";

/** One page of the ledger that was read. */
export interface AuditLook {
  /** As they may stand on the record, by name. */
  readonly filters: Readonly<Record<string, string>>;
  /** Epoch milliseconds; the end is exclusive. */
  readonly window: { readonly from: number; readonly to: number };
  /** The window's ends as they were asked for, where they were. */
  readonly asked: { readonly from?: string | undefined; readonly to?: string | undefined };
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** Entries on the page. */
  readonly results: number;
}

/** How far back the windows of a reader that follows the ledger reach. */
export const followedMs = 5 * 60_000;

/**
 * `audit.queried`: who read what of the ledger.
 *
 * The looks of a minute at what was recorded in its last five are one entry, pages included, which therefore
 * stands for no more than those six minutes under its filters. Any other window and page is an entry of its own,
 * and only the same one asked for again within the minute is not.
 */
export function auditQueriedEntry(token: VerifiedToken, look: AuditLook, now: number): EntryFields {
  const { window, asked, limit, cursor, results } = look;
  const isFollowing = window.from >= now - followedMs;
  const entry = actEntry("audit.queried", token, now, {
    detail: {
      filters: Object.fromEntries(Object.entries(look.filters).map(([name, value]) => [name, safe(value)])),
      window: { ...window },
      results,
      ...(isFollowing ? { isFollowing } : cursor !== undefined && { isContinued: true }),
    },
  });
  return coalesced(entry, isFollowing ? "following" : { ...asked, limit, cursor });
}

/** `audit.queried`, refused: by the names of what was asked for, for the values are not looked at. */
export function auditRefusedEntry(
  token: VerifiedToken,
  filters: readonly string[],
  error: CountersignError,
  now: number,
): EntryFields {
  const entry = actEntry("audit.queried", token, now, { detail: { asked: [...filters] } });
  return coalesced(refusedEntry(entry, error));
}

function safe(value: string): string {
  return findTokenShapes(value).length > 0 ? "[token removed]" : value;
}
