import type { EntryFields } from "../entry/build-entry.ts";
import type { Subject } from "../entry/entry.ts";

/** A data key as it stood when it was looked at: one made later for the same subject is another. */
export interface StandingKey {
  readonly digest: string;
  readonly id: string;
}

/** What is kept of a subject beside the ledger, by names that hold nothing personal. */
export interface SubjectRecords {
  readonly keys: readonly StandingKey[];
  readonly pseudonym?: {
    readonly subject: Subject;
    /** Names the mapping from the provider's subject to this reference. */
    readonly mapping: string;
  };
}

/** Finds what is kept of a subject beside the ledger. */
export interface SubjectRecordFinder {
  /** Consistent reads. @throws {UnavailableError} `store.unavailable`. */
  find(subject: Subject): Promise<SubjectRecords>;
}

/** Destroys what is kept of a subject beside the ledger. */
export interface SubjectRecordDestroyer {
  /**
   * Destroys exactly what was found, and nothing that was made since; absent is success.
   *
   * A reference destroyed is never given a key again. Resolves once durable; safe to repeat.
   *
   * @throws {UnavailableError} `store.unavailable`: some of it may stand still.
   */
  destroy(records: SubjectRecords): Promise<void>;
}

/** The intent to erase: what is to be recorded of it, and what is to be destroyed. */
export interface Erasure {
  readonly id: string;
  readonly entry: EntryFields;
  readonly records: SubjectRecords;
}

/** Keeps intents to erase until they are carried out. */
export interface ErasureIntents {
  /** Resolves once durable. @throws {UnavailableError} `store.unavailable`. */
  put(erasure: Erasure): Promise<void>;

  /** Intents that stand, in no order; the list is eventually consistent. */
  list(): AsyncIterable<Erasure>;

  /** Absent is success. @throws {UnavailableError} `store.unavailable`. */
  remove(id: string): Promise<void>;
}
