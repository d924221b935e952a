import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { Clock } from "../clock.ts";
import type { EntryFields } from "../entry/build-entry.ts";
import type { LedgerWriter } from "../ledger/ledger.ts";
import {
  type ClosedRefusals,
  minuteMs,
  type RefusalKey,
  type UnrecordedRefusals,
} from "./refusal-counters.ts";

export interface RecordRefusalsDeps {
  readonly clock: Clock;
  readonly refusals: UnrecordedRefusals;
  readonly ledger: LedgerWriter;
}

export interface RecordRefusalsOptions {
  /** Epoch milliseconds: what is not looked at by then is left to the next time. */
  readonly until: number;
  /** Told of each count that could not be recorded; the others are. */
  readonly onFailure: (key: RefusalKey, error: unknown) => void;
}

export interface RefusalsReport {
  /** Entries that stand. */
  readonly recorded: number;
  readonly failed: number;
}

/** How long after its minute a count is waited for: instances write the rest with their next request. */
export const refusalGraceMs = 2 * minuteMs;

const concurrency = 8;

/**
 * Records the refusals of minutes that are over, one entry for each minute, reason and source prefix.
 *
 * A count is closed before its entry is written and removed after it, so that a crash in between and two
 * sweepers at once record the same fact. What comes in later is an entry of its own.
 */
export async function recordRefusals(
  deps: RecordRefusalsDeps,
  options: RecordRefusalsOptions,
): Promise<RefusalsReport> {
  const report = { recorded: 0, failed: 0 };
  const recordOne = async (key: RefusalKey): Promise<void> => {
    const now = deps.clock.now();
    if (now >= options.until || now < key.minute + minuteMs + refusalGraceMs) return;
    try {
      if (await record(deps, key)) report.recorded += 1;
    } catch (error) {
      report.failed += 1;
      options.onFailure(key, error);
    }
  };
  await Readable.from(deps.refusals.list()).forEach(recordOne, { concurrency });
  return report;
}

async function record({ refusals, ledger }: RecordRefusalsDeps, key: RefusalKey): Promise<boolean> {
  const closed = await refusals.close(key);
  if (!closed) return false;
  await ledger.append(refusedEntry(closed));
  await refusals.remove(closed);
  return true;
}

/** `request.refused`: how many requests were refused before anything they said was verified. */
function refusedEntry({ minute, reason, sourcePrefix, series, count }: ClosedRefusals): EntryFields {
  const fact = JSON.stringify([minute, reason, sourcePrefix, series]);
  return {
    action: "request.refused",
    outcome: "denied",
    source: "api",
    id: createHash("sha256").update(fact).digest("base64url"),
    occurredAt: minute,
    // An instance that ended without another request has kept the rest of what it counted.
    detail: { minute, reason, sourcePrefix, count, isAtLeast: true },
  };
}
