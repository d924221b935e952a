import { ConflictError } from "../error/errors.ts";
import type { ExecutionState } from "./execution-state.ts";

/** Keeps one state item for each execution. All reads are consistent. */
export interface ExecutionStore {
  get(executionArn: string): Promise<ExecutionState | undefined>;

  /**
   * Writes `next` over the revision it was derived from (`next.revision - 1`; 1 means the item was absent).
   *
   * Resolves only once durable.
   *
   * @throws {ConflictError} when another writer came first: read again and decide again.
   * @throws {UnavailableError} `store.unavailable`.
   */
  put(next: ExecutionState): Promise<void>;

  /** Removes an item that never came to a start, while it still has this revision. Absent is success. */
  remove(executionArn: string, revision: number): Promise<void>;
}

/** Lists executions that something is left to be done about; eventually consistent, in no order. */
export interface ExecutionLister {
  /** ARNs of executions without a terminal status, or with an abandonment that is not recorded. */
  listOpen(): AsyncIterable<string>;

  /** ARNs of closed executions with a revocation that is not concluded. */
  listRevoking(): AsyncIterable<string>;
}

/**
 * Reads, decides and writes until no other writer came between.
 *
 * `decide` returns the same object (or undefined for an absent item) to leave things as they are. A state that
 * was read just before may be given as `known`: it is decided on first, and read again only when it was overtaken.
 */
export async function updateExecution(
  store: ExecutionStore,
  executionArn: string,
  decide: (state: ExecutionState | undefined) => ExecutionState | undefined,
  known?: ExecutionState,
): Promise<{ before: ExecutionState | undefined; after: ExecutionState | undefined }> {
  for (let before = known ?? (await store.get(executionArn)); ; before = await store.get(executionArn)) {
    const after = decide(before);
    if (after === undefined || after === before) return { before, after };
    try {
      await store.put(after);
      return { before, after };
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}
