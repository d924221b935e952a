import { type ExecutionState, type Grant, withGrant } from "../execution/execution-state.ts";
import { type ExecutionStore, updateExecution } from "../execution/execution-store.ts";

/**
 * Adds to an execution's state what is known of a grant that has started; what another writer has said since,
 * such as a status event that came first, keeps its say.
 *
 * @throws {UnavailableError} `store.unavailable`.
 */
export async function completeStart(
  executions: ExecutionStore,
  executionArn: string,
  active: Grant,
): Promise<void> {
  await updateExecution(executions, executionArn, (state) => state && completed(state, active));
}

function completed(state: ExecutionState, active: Grant): ExecutionState {
  const next = withGrant(state, active.grantId, (grant) => ({
    ...grant,
    ...active,
    state: grant.state === "authorizing" ? "active" : grant.state,
  }));
  if (next === state || next.startDate !== undefined) return next;
  const { startDate } = active;
  return { ...next, ...(startDate !== undefined && { startDate, status: "RUNNING" }) };
}
