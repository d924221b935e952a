/** What refusals are counted by: they name no subject, for nothing a request said of itself was verified. */
export interface RefusalKey {
  /** Start of the minute, epoch milliseconds. */
  readonly minute: number;
  /** Error code of the answer. */
  readonly reason: string;
  readonly sourcePrefix: string;
}

/** A count that does not change any more, and that one entry is to say. */
export interface ClosedRefusals extends RefusalKey {
  /** Tells this count from others under the same key, which came later. */
  readonly series: string;
  readonly count: number;
}

/** Sums the refusals of every instance. */
export interface RefusalCounters {
  /**
   * Adds to a key's count, and waits for it only shortly.
   *
   * @throws {OutcomeUnknownError} when they may have been added: not to be added again, for a count is never
   * to be too high. Any other error: nothing was added.
   */
  add(key: RefusalKey, count: number): Promise<void>;
}

/** Counts that are not in the ledger yet. */
export interface UnrecordedRefusals {
  /** Keys that have a count; eventually consistent, in no order. */
  list(): AsyncIterable<RefusalKey>;

  /**
   * Closes a key's count, or finds it closed: the same for whoever asks, until it is removed.
   *
   * What is added afterwards is kept for a count of another series. Undefined when there is nothing.
   *
   * @throws {UnavailableError} `store.unavailable`.
   */
  close(key: RefusalKey): Promise<ClosedRefusals | undefined>;

  /** Removes a closed count whose entry stands, and nothing that was added since. Safe to repeat. */
  remove(closed: ClosedRefusals): Promise<void>;
}

export const minuteMs = 60_000;
