import type { EventEmitter } from "node:events";
import type { DatabaseSync } from "node:sqlite";
import { inTransaction } from "../../wire/transaction.ts";
import type { HistoryDraft } from "../interpreter/history-event.ts";
import type { Progress } from "../interpreter/run.ts";
import type { Outbox } from "../outbox.ts";
import { type ExecutionFacts, statusChangeEvent } from "../status-event.ts";
import type { EndRow, ExecutionRow, ExecutionStore, HistoryRow } from "./executions.ts";
import { numbered } from "./journal.ts";
import type { MachineStore } from "./machines.ts";

/** How to end an execution: its new status, the last event, and events recorded before it. */
export interface Ending {
  readonly end: EndRow;
  readonly lastEvent: HistoryDraft;
  readonly pending: readonly HistoryRow[];
}

/** What ending an execution writes to. */
export interface EndingStores {
  readonly database: DatabaseSync;
  readonly executions: ExecutionStore;
  readonly machines: MachineStore;
  readonly outbox: Outbox;
  /** Emits `ended` with an execution's id, and its own {@link endEvent}, once its end is durable. */
  readonly endings: EventEmitter;
}

/**
 * Ends an execution: history, status and status event become durable together, and with them the end of the
 * child whose end it waited for.
 *
 * @returns false, and changes nothing, when it has ended already.
 */
export function endExecution(stores: EndingStores, id: number, ending: Ending): boolean {
  const ended = inTransaction(stores.database, () => endWithChildren(stores, id, ending));
  if (ended.length > 0) stores.outbox.wake();
  for (const one of ended) {
    stores.endings.emit("ended", one);
    stores.endings.emit(endEvent(one));
  }
  return ended.length > 0;
}

/** The event by which the end of one execution is told. */
export function endEvent(id: number): string {
  return `ended ${id}`;
}

/** The end of a child that nobody waits for any more. */
export function abortedChild(parentArn: string, stopDate: number): Ending {
  const cause = `The Task state in AWS Step Functions execution [${parentArn}] which was managing this resource was aborted`;
  return {
    end: { status: "ABORTED", stopDate, output: null, error: null, cause },
    lastEvent: { type: "ExecutionAborted", details: { cause }, previous: 0 },
    pending: [],
  };
}

/** @returns the executions it ended, the given one first. */
function endWithChildren(stores: EndingStores, id: number, ending: Ending): number[] {
  const { executions, machines, outbox } = stores;
  const before = executions.getById(id);
  if (before.status !== "RUNNING") return [];
  const events = [...ending.pending];
  const last = numbered(ending.lastEvent, events.at(-1)?.id ?? before.last_event, ending.end.stopDate);
  for (const event of [...events, last]) executions.addEvent(id, event);
  executions.countEvents(id, last.id);
  executions.finish(id, ending.end);
  outbox.add(statusChangeEvent(factsOf(executions.getById(id)), ending.end.stopDate));
  if (machines.get(before.machine_arn)?.status === "DELETING" && !executions.hasRunning(before.machine_arn)) {
    machines.remove(before.machine_arn);
  }
  const child = awaitedChild(stores, before);
  if (!child) return [id];
  return [id, ...endWithChildren(stores, child.id, abortedChild(before.arn, ending.end.stopDate))];
}

function awaitedChild({ executions }: EndingStores, { progress }: ExecutionRow): ExecutionRow | undefined {
  const { child } = JSON.parse(progress) as Progress;
  return child?.isAwaited ? executions.get(child.arn) : undefined;
}

/** What a status event tells of a stored execution. */
export function factsOf(row: ExecutionRow): ExecutionFacts {
  return {
    executionArn: row.arn,
    stateMachineArn: row.machine_arn,
    stateMachineVersionArn: row.version_arn,
    stateMachineAliasArn: row.alias_arn,
    name: row.name,
    status: row.status,
    startDate: row.start_date,
    stopDate: row.stop_date,
    input: row.input,
    output: row.output,
    error: row.error,
    cause: row.cause,
  };
}
