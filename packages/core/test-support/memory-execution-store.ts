import { ConflictError } from "../src/error/errors.ts";
import { type ExecutionState, isLive, isTerminal } from "../src/execution/execution-state.ts";
import type { ExecutionLister, ExecutionStore } from "../src/execution/execution-store.ts";

/** Execution states under their revisions; refuses writes that no correct caller makes. */
export class MemoryExecutionStore implements ExecutionStore, ExecutionLister {
  readonly #states = new Map<string, string>();

  async get(executionArn: string): Promise<ExecutionState | undefined> {
    return this.peek(executionArn);
  }

  async put(next: ExecutionState): Promise<void> {
    const standing = this.peek(next.executionArn);
    if (next.revision !== (standing?.revision ?? 0) + 1) {
      throw new ConflictError("internal", `the state is at revision ${standing?.revision ?? 0}`);
    }
    refuseIllegal(standing, next);
    this.#states.set(next.executionArn, JSON.stringify(next));
  }

  async remove(executionArn: string, revision: number): Promise<void> {
    const standing = this.peek(executionArn);
    if (standing?.revision !== revision) return;
    if (standing.status !== undefined) throw new Error("illegal write: removes an execution that started");
    this.#states.delete(executionArn);
  }

  async *listOpen(): AsyncGenerator<string> {
    for (const arn of this.arns) if (this.peek(arn)?.open) yield arn;
  }

  async *listRevoking(): AsyncGenerator<string> {
    for (const arn of this.arns) {
      const state = this.peek(arn);
      if (state && !state.open && state.grants.some((grant) => grant.state === "revoking")) yield arn;
    }
  }

  /** What stands now, without a call that a journal would see. */
  peek(executionArn: string): ExecutionState | undefined {
    const json = this.#states.get(executionArn);
    return json === undefined ? undefined : (JSON.parse(json) as ExecutionState);
  }

  /** ARNs of all executions. */
  get arns(): readonly string[] {
    return [...this.#states.keys()];
  }

  /** Everything stored, as one text to search for what must not be there. */
  get text(): string {
    return [...this.#states.values()].join("\n");
  }
}

function refuseIllegal(standing: ExecutionState | undefined, next: ExecutionState): void {
  const ids = next.grants.map(({ grantId }) => grantId);
  if (new Set(ids).size !== ids.length) throw new Error("illegal write: a grant is there twice");
  if (next.open && next.status !== undefined && isTerminal(next.status)) {
    throw new Error(`illegal write: an execution is open and ${next.status}`);
  }
  for (const before of standing?.grants ?? []) {
    const after = next.grants.find(({ grantId }) => grantId === before.grantId);
    if (!after && (isLive(before) || before.state === "revoking")) {
      throw new Error(`illegal write: a grant that is ${before.state} is dropped`);
    }
    if (after && isLive(after) && !isLive(before)) {
      throw new Error(`illegal write: a grant goes from ${before.state} back to ${after.state}`);
    }
  }
}
