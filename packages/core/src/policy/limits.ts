import type { Subject } from "../entry/entry.ts";

/** Counts starts within a minute, across every gate. */
export interface StartRate {
  /**
   * Takes one start from the workflow's budget of this minute.
   *
   * @throws {RefusedError} `policy.start_rate_exceeded` with the seconds until the next minute.
   * @throws {UnavailableError} `store.unavailable`.
   */
  take(workflow: string, perMinute: number): Promise<void>;
}

/** Who may be blocked: any one of them stops a start. */
export interface BlockQuery {
  readonly subject: Subject;
  readonly clientId: string;
  readonly workflow: string;
  readonly fingerprint: string;
}

/** Reads the block and deny lists. */
export interface BlockList {
  /** What is blocked of the query, or undefined; a consistent read. @throws {UnavailableError} `store.unavailable`. */
  find(query: BlockQuery): Promise<keyof BlockQuery | undefined>;
}
