import type { DatabaseSync } from "node:sqlite";
import type { HistoryDraft } from "../interpreter/history-event.ts";
import type { Outbox } from "../outbox.ts";
import { type ExecutionFacts, statusChangeEvent } from "../status-event.ts";
import type { EndRow, ExecutionRow, ExecutionStore, HistoryRow } from "./executions.ts";
import { numbered } from "./journal.ts";
import type { MachineStore } from "./machines.ts";
import { transaction } from "./tables.ts";

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
}

/**
 * Ends an execution: history, status and status event become durable together.
 *
 * @returns false, and changes nothing, when it has ended already.
 */
export function endExecution(stores: EndingStores, id: number, ending: Ending): boolean {
  const { database, executions, machines, outbox } = stores;
  const isEnded = transaction(database, () => {
    const before = executions.getById(id);
    if (before.status !== "RUNNING") return false;
    const events = [...ending.pending];
    const last = numbered(ending.lastEvent, events.at(-1)?.id ?? before.last_event, ending.end.stopDate);
    for (const event of [...events, last]) executions.addEvent(id, event);
    executions.countEvents(id, last.id);
    executions.finish(id, ending.end);
    outbox.add(statusChangeEvent(factsOf(executions.getById(id)), ending.end.stopDate));
    if (
      machines.get(before.machine_arn)?.status === "DELETING" &&
      !executions.hasRunning(before.machine_arn)
    ) {
      machines.remove(before.machine_arn);
    }
    return true;
  });
  if (isEnded) outbox.wake();
  return isEnded;
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
