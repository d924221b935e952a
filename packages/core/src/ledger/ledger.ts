import type { EntryFields } from "../entry/build-entry.ts";
import type { Entry, Subject } from "../entry/entry.ts";

/** What an append came to. */
export interface Appended {
  readonly entryId: string;
  /** `existing` when the same fact was already recorded with the same content. */
  readonly result: "appended" | "existing";
}

/** Writes entries. The only way into the ledger. */
export interface LedgerWriter {
  /**
   * Records one fact, once.
   *
   * Resolves only when durable. A fact already recorded with the same fact projection is a success.
   * Throttling is retried inside, within the SDK's budget.
   *
   * @throws {IntegrityError} `ledger.fact_conflict` when the fact stands with other content.
   * @throws {UnavailableError} `store.unavailable` when nothing is known to be written.
   */
  append(fields: EntryFields): Promise<Appended>;
}

/** A question the ledger answers by key, never by scan. */
export type Question =
  | { readonly by: "execution"; readonly executionArn: string }
  | { readonly by: "subject"; readonly subject: Subject }
  | { readonly by: "client"; readonly clientId: string }
  | { readonly by: "scope"; readonly scope: string }
  | { readonly by: "workflow"; readonly workflow: string }
  | { readonly by: "outcome"; readonly outcome: Exclude<Entry["outcome"], "success"> }
  | { readonly by: "time" };

/** A window over `recordedAt`, newest first: what was recorded later never shifts an earlier page. */
export interface PageRequest {
  /** Inclusive, epoch milliseconds. */
  readonly from: number;
  /** Exclusive, epoch milliseconds. */
  readonly to: number;
  readonly limit: number;
  /** The `cursor` of the page before, for the same question and window. */
  readonly cursor?: string;
}

export interface Page {
  readonly entries: readonly Entry[];
  /** Present while the window holds more. */
  readonly cursor?: string;
}

/** Answers questions. Reads are eventually consistent, but for `execution`, which is consistent. */
export interface LedgerReader {
  /**
   * @throws {InvalidInputError} `request.malformed` when the cursor belongs to another question.
   * @throws {IntegrityError} `ledger.entry_unreadable` when stored bytes are not a valid entry.
   */
  query(question: Question, page: PageRequest): Promise<Page>;
}
