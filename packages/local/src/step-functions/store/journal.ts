import type { DatabaseSync } from "node:sqlite";
import { inTransaction } from "../../wire/transaction.ts";
import { type HistoryDraft, historyLimit } from "../interpreter/history-event.ts";
import { type Journal, type Position, RunStopped } from "../interpreter/run.ts";
import { errorNames, StateError } from "../interpreter/state-error.ts";
import type { JsonObject } from "../json.ts";
import type { ExecutionRow, ExecutionStore, HistoryRow, PositionRow } from "./executions.ts";

/** A journal that also hands over what is recorded and not yet durable, for the execution's end. */
export interface PendingJournal extends Journal {
  takePending(): readonly HistoryRow[];
}

/** Opens the journal of a running execution, going on after its last durable event. */
export function openJournal(
  database: DatabaseSync,
  executions: ExecutionStore,
  execution: Pick<ExecutionRow, "id" | "last_event">,
  now: () => number,
): PendingJournal {
  let lastEvent = execution.last_event;
  let pending: HistoryRow[] = [];
  let variables: { readonly value: Readonly<JsonObject>; readonly text: string } | undefined;

  const write = (position?: PositionRow) =>
    inTransaction(database, () => {
      if (!executions.countEvents(execution.id, lastEvent)) throw new RunStopped("the execution has ended");
      for (const event of pending) executions.addEvent(execution.id, event);
      if (position) executions.move(execution.id, position);
      pending = [];
    });

  return {
    record(event) {
      if (lastEvent + 1 >= historyLimit) throw historyFull();
      pending.push(numbered(event, lastEvent, now()));
      lastEvent += 1;
      return lastEvent;
    },
    commit() {
      if (pending.length > 0) write();
    },
    advance(position) {
      if (variables?.value !== position.variables) {
        variables = { value: position.variables, text: JSON.stringify(position.variables) };
      }
      write(positionRow(position, variables.text));
    },
    takePending() {
      const taken = pending;
      pending = [];
      return taken;
    },
  };
}

/** Gives an event its id and its link; the first state, like the start, follows no event. */
export function numbered(event: HistoryDraft, lastEvent: number, timestamp: number): HistoryRow {
  const previous = event.previous ?? (lastEvent === 1 ? 0 : lastEvent);
  return { id: lastEvent + 1, previous, timestamp, type: event.type, details: event.details };
}

function positionRow(position: Position, variables: string): PositionRow {
  return {
    state: position.state,
    stateInput: JSON.stringify(position.input),
    variables,
    progress: JSON.stringify(position.progress),
  };
}

function historyFull(): StateError {
  return new StateError(
    errorNames.runtime,
    `The execution reached the maximum number of history events (${historyLimit}).`,
  );
}
