import { type EntryKey, entryId, entryKey } from "../entry/entry-key.ts";
import { type ExecutionState, isTerminal } from "../execution/execution-state.ts";
import { type RecordDeps, recordStatusEvent } from "../recorder/record-status-event.ts";
import type { StatusEvent } from "../status-event/status-event.ts";
import type {
  AccountExecutions,
  ExecutionDetails,
  ListedExecution,
  Milestone,
} from "./account-executions.ts";
import { type ExpectedFact, eventOf, expectedFacts, isMissing, keysOf, statusKey } from "./missed-facts.ts";

/** Tells which facts the ledger holds. */
export interface RecordedFacts {
  /**
   * The entryIds of those keys that hold an entry; a consistent read.
   *
   * @throws {UnavailableError} `store.unavailable`.
   */
  among(keys: readonly EntryKey[]): Promise<ReadonlySet<string>>;
}

export interface ReconcileExecutionDeps extends RecordDeps {
  readonly account: AccountExecutions;
  readonly facts: RecordedFacts;
  /** How late an event may be before it counts as missed. */
  readonly graceMs: number;
}

/** What was done about one execution. */
export interface Reconciled {
  /** Facts that were missed, and are noted so for the first time. */
  readonly gaps: number;
  /** Statuses recorded: missed ones, and those that an execution's state had not caught up with. */
  readonly recorded: number;
}

const nothing: Reconciled = { gaps: 0, recorded: 0 };

/** Whether an execution's state is as far as a list says the execution is, or further. */
export function isLevel(state: ExecutionState | undefined, listed: ListedExecution): boolean {
  if (listed.status !== "RUNNING" && !isTerminal(listed.status)) return true;
  if (state?.startDate === undefined || state.status === undefined) return false;
  if (state.startDate !== listed.startDate) return state.startDate > listed.startDate;
  if (state.redriveCount !== listed.redriveCount) return state.redriveCount > listed.redriveCount;
  return state.status === listed.status || isTerminal(state.status);
}

/**
 * Brings the record of an execution to what Step Functions says of it now.
 *
 * The gap is noted before the fact it is about is recorded: whoever dies in between leaves a fact that is still
 * missing, and so found again. Safe to repeat and to run twice at once, for all of it are writes of one fact each.
 *
 * @throws {UnavailableError} when something is not durable yet.
 */
export async function reconcileExecution(
  deps: ReconcileExecutionDeps,
  details: ExecutionDetails,
): Promise<Reconciled> {
  const before = deps.clock.now() - deps.graceMs;
  const expected = expectedFacts(details);
  const held = await deps.facts.among(expected.flatMap(keysOf));
  const missing = expected.filter((fact) => isMissing(fact, held));
  const milestones = await milestonesFor(deps, details, missing);
  const missed = missing
    .map((fact) => eventOf(fact, details, milestones))
    .filter((event) => event.time <= before);
  let gaps = 0;
  for (const event of missed) {
    gaps += (await noteGap(deps, event)) ? 1 : 0;
    await recordStatusEvent(deps, event, "reconcile");
  }
  return missed.length > 0 ? { gaps, recorded: missed.length } : catchUp(deps, details, expected, missing);
}

/** Only of an earlier redrive, or of a redrive whose date is not described, does the history know more. */
async function milestonesFor(
  { account }: ReconcileExecutionDeps,
  { executionArn, redriveCount, redriveDate }: ExecutionDetails,
  missing: readonly ExpectedFact[],
): Promise<readonly Milestone[]> {
  const isTold = (fact: ExpectedFact) =>
    fact.statuses.length === 1 &&
    (fact.redriveCount === 0 || (fact.redriveCount === redriveCount && redriveDate));
  return missing.every(isTold) ? [] : account.milestones(executionArn);
}

/** A recorder that died after the entry and before the state left the state behind: the status moves it. */
async function catchUp(
  deps: ReconcileExecutionDeps,
  details: ExecutionDetails,
  expected: readonly ExpectedFact[],
  missing: readonly ExpectedFact[],
): Promise<Reconciled> {
  const newest = expected.at(-1);
  if (!newest || missing.includes(newest)) return nothing;
  if (isLevel(await deps.executions.get(details.executionArn), details)) return nothing;
  const milestones = await milestonesFor(deps, details, [newest]);
  await recordStatusEvent(deps, eventOf(newest, details, milestones), "reconcile");
  return { gaps: 0, recorded: 1 };
}

/** False when the gap was noted before. */
async function noteGap(deps: ReconcileExecutionDeps, event: StatusEvent): Promise<boolean> {
  const { executionArn, startDate, redriveCount, status } = event;
  const workflow = deps.workflows.byStateMachine(event.stateMachineArn);
  const { result } = await deps.ledger.append({
    action: "gap.found",
    outcome: "unknown",
    source: "reconcile",
    id: status,
    occurredAt: event.time,
    ...(workflow && { workflow: workflow.name }),
    executionArn,
    startDate,
    redriveCount,
    causedBy: entryId(statusKey(event)),
    // How late it was found differs between two who find it: it is no part of the fact.
    detail: { status, gap: { lateMs: deps.clock.now() - event.time } },
  });
  return result === "appended";
}

/**
 * Notes that the end of an execution can't be learned any more: Step Functions has forgotten it, or runs another
 * one under its name. Its state stays open, for nobody knows how it ended.
 *
 * @returns whether this was not noted before.
 */
export async function noteForgotten(deps: ReconcileExecutionDeps, state: ExecutionState): Promise<boolean> {
  const { executionArn, startDate, redriveCount, workflow } = state;
  if (startDate === undefined) return false;
  const gap = {
    action: "gap.found",
    id: "END",
    executionArn,
    startDate,
    redriveCount,
    detail: { status: "UNKNOWN", gap: { lateMs: deps.clock.now() - startDate } },
  } as const;
  // It is come upon in every run from now on, and a write that is refused costs as much as one that is not.
  if ((await deps.facts.among([entryKey(gap)])).size > 0) return false;
  const { result } = await deps.ledger.append({
    ...gap,
    outcome: "unknown",
    source: "reconcile",
    occurredAt: startDate,
    ...(workflow !== undefined && { workflow }),
  });
  return result === "appended";
}
