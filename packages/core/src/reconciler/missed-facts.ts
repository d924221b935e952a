import { type EntryKey, entryId, entryKey } from "../entry/entry-key.ts";
import { isTerminal } from "../execution/execution-state.ts";
import { errorName, payloadFactsOf } from "../status-event/payload-facts.ts";
import type { StatusEvent } from "../status-event/status-event.ts";
import type { ExecutionDetails, ListedExecution, Milestone } from "./account-executions.ts";

/** One thing that must be on the record: an execution had one of these statuses at this redrive. */
export interface ExpectedFact {
  readonly executionArn: string;
  readonly startDate: number;
  readonly redriveCount: number;
  /** More than one where only the history says which. */
  readonly statuses: readonly string[];
}

/** An execution that was redriven had ended in one of these. */
const redrivable = ["FAILED", "TIMED_OUT", "ABORTED"];

/** What must be on the record of an execution in this status: for each redrive its start, and its end if it has. */
export function expectedFacts(execution: ListedExecution): ExpectedFact[] {
  const { executionArn, startDate, redriveCount, status } = execution;
  const facts: ExpectedFact[] = [];
  for (let count = 0; count <= redriveCount; count += 1) {
    const of = { executionArn, startDate, redriveCount: count };
    const isLast = count === redriveCount;
    // One that waits for its redrive says nothing of itself that it will not say again once it runs.
    if (isLast && status !== "RUNNING" && !isTerminal(status)) continue;
    facts.push({ ...of, statuses: ["RUNNING"] });
    if (!isLast) facts.push({ ...of, statuses: redrivable });
    else if (isTerminal(status)) facts.push({ ...of, statuses: [status] });
  }
  return facts;
}

/** The keys under which the record has a fact, if it has. */
export function keysOf({ statuses, ...of }: ExpectedFact): EntryKey[] {
  return statuses.map((status) => statusKey({ ...of, status }));
}

/** Whether none of the keys a fact can have is among those of the record. */
export function isMissing(fact: ExpectedFact, recorded: ReadonlySet<string>): boolean {
  return !keysOf(fact).some((key) => recorded.has(entryId(key)));
}

/** The key of a status's entry. */
export function statusKey(
  of: Pick<StatusEvent, "executionArn" | "startDate" | "redriveCount" | "status">,
): EntryKey {
  const { status, ...instance } = of;
  return entryKey({ action: "execution.status_changed", ...instance, detail: { status } });
}

/**
 * The status event that a fact's event would have been.
 *
 * What the description says goes before what the history says: it is the description's dates that events carry.
 *
 * @throws {Error} when neither of them tells of the fact.
 */
export function eventOf(
  fact: ExpectedFact,
  details: ExecutionDetails,
  milestones: readonly Milestone[],
): StatusEvent {
  const milestone = milestones.find(
    ({ redriveCount, status }) => redriveCount === fact.redriveCount && fact.statuses.includes(status),
  );
  const isLast = fact.redriveCount === details.redriveCount;
  const status = fact.statuses.length === 1 ? fact.statuses[0] : milestone?.status;
  const at = (isLast ? describedTime(details, status) : describedStart(fact)) ?? milestone?.at;
  if (status === undefined || at === undefined) {
    throw new Error(
      `the history of "${fact.executionArn}" does not say how redrive ${fact.redriveCount} came to ${fact.statuses}`,
    );
  }
  const error = isLast ? details.error : milestone?.error;
  return {
    ...eventBase(fact, details),
    status,
    ...timesOf(status, fact, at),
    ...contentOf(status, isLast, details, error),
  };
}

function describedTime(details: ExecutionDetails, status: string | undefined): number | undefined {
  if (status !== "RUNNING") return details.stopDate;
  return details.redriveCount > 0 ? details.redriveDate : details.startDate;
}

/** Of an earlier redrive a description still has the first start alone. */
function describedStart({ redriveCount, statuses, startDate }: ExpectedFact): number | undefined {
  return redriveCount === 0 && statuses.includes("RUNNING") ? startDate : undefined;
}

function eventBase({ executionArn, startDate, redriveCount }: ExpectedFact, details: ExecutionDetails) {
  const { stateMachineArn, stateMachineVersionArn, stateMachineAliasArn } = details;
  return {
    eventId: undefined,
    executionArn,
    startDate,
    redriveCount,
    stateMachineArn,
    ...(stateMachineVersionArn !== undefined && { stateMachineVersionArn }),
    ...(stateMachineAliasArn !== undefined && { stateMachineAliasArn }),
  };
}

function timesOf(status: string, { redriveCount }: ExpectedFact, at: number) {
  if (isTerminal(status)) return { time: at, stopDate: at };
  return { time: at, ...(redriveCount > 0 && { redriveDate: at }) };
}

/** A redrive takes no input of its own; output and cause are those of the end that is described. */
function contentOf(
  status: string,
  isLast: boolean,
  details: ExecutionDetails,
  error: string | null | undefined,
) {
  const { input, output, cause } = details;
  if (!isTerminal(status)) return payloadFactsOf({ input });
  return {
    ...payloadFactsOf({ input, error, ...(isLast && { output, cause }) }),
    ...(error && { error: errorName(error) }),
  };
}
