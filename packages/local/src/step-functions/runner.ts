import type { Clock } from "./clock.ts";
import { parseDefinition } from "./definition/parse.ts";
import type { StateMachineDefinition } from "./definition/state-machine.ts";
import { type HistoryDraft, notTruncated, present } from "./interpreter/history-event.ts";
import { interpret } from "./interpreter/interpret.ts";
import {
  type InvokeFunction,
  type NestedExecutions,
  type Position,
  type RunEnd,
  RunStopped,
} from "./interpreter/run.ts";
import { errorNames } from "./interpreter/state-error.ts";
import { type JsonObject, parseJson } from "./json.ts";
import { type Ending, type EndingStores, endExecution } from "./store/ending.ts";
import type { ExecutionRow } from "./store/executions.ts";
import { openJournal, type PendingJournal } from "./store/journal.ts";
import type { RevisionRow } from "./store/machines.ts";

/** What the runner needs besides its stores. */
export interface RunnerDeps {
  readonly stores: EndingStores;
  readonly clock: Clock;
  readonly invokeFunction: InvokeFunction;
  readonly nested: NestedExecutions;
}

/** Runs executions, each in its own asynchronous task, until they end or are ended. */
export interface Runner {
  /** Takes up an execution that is durable as RUNNING, from where it stands. */
  start(execution: ExecutionRow): void;
  /** Reads the definition of a revision, from memory where it was read before. */
  definition(revision: RevisionRow): StateMachineDefinition;
  /** Ends every run and leaves the executions RUNNING, for the next process to take up. */
  close(): Promise<void>;
}

interface Running {
  readonly controller: AbortController;
  readonly done: Promise<void>;
}

const cachedDefinitions = 200;

/** Makes a runner. */
export function createRunner(deps: RunnerDeps): Runner {
  const running = new Map<number, Running>();
  const definitions = new Map<number, StateMachineDefinition>();

  const definition = (revision: RevisionRow): StateMachineDefinition => {
    const known = definitions.get(revision.id);
    if (known) return known;
    const parsed = parseDefinition(revision.definition);
    if (definitions.size >= cachedDefinitions) definitions.clear();
    definitions.set(revision.id, parsed);
    return parsed;
  };

  const run = async (execution: ExecutionRow, controller: AbortController): Promise<void> => {
    const revision = deps.stores.machines.revision(execution.revision);
    await runToEnd(deps, execution, revision, definition(revision), controller);
  };

  deps.stores.endings.on("ended", (id: number) => {
    running.get(id)?.controller.abort(new RunStopped("the execution has ended"));
  });

  return {
    definition,
    start(execution) {
      if (running.has(execution.id)) return;
      const controller = new AbortController();
      const done = run(execution, controller)
        .catch((error: unknown) => reportStop(execution, error))
        .finally(() => {
          running.delete(execution.id);
          controller.abort(new RunStopped("the run is over"));
        });
      running.set(execution.id, { controller, done });
    },
    async close() {
      const all = [...running.values()];
      for (const { controller } of all) controller.abort(new RunStopped("the process is closing"));
      await Promise.all(all.map(({ done }) => done));
    },
  };
}

async function runToEnd(
  deps: RunnerDeps,
  execution: ExecutionRow,
  revision: RevisionRow,
  definition: StateMachineDefinition,
  controller: AbortController,
): Promise<void> {
  const { stores, clock, invokeFunction, nested } = deps;
  const { signal } = controller;
  // lets the answer to StartExecution go out first
  await new Promise((resolve) => setImmediate(resolve));
  signal.throwIfAborted();
  watchTimeout(deps, execution, definition, controller);
  signal.throwIfAborted();
  const journal = openJournal(stores.database, stores.executions, execution, clock.now);
  const context = executionContext(execution, revision);
  const run = { definition, context, journal, clock, invokeFunction, nested, signal };
  const end = await interpret(run, positionOf(execution)).catch((error: unknown) => {
    if (error instanceof RunStopped) throw error;
    process.stderr.write(`step functions: ${execution.arn}: ${String((error as Error).stack ?? error)}\n`);
    return {
      status: "FAILED",
      error: errorNames.runtime,
      cause: "internal failure of the interpreter",
    } as const;
  });
  signal.throwIfAborted();
  endExecution(stores, execution.id, endingOf(end, journal, clock.now()));
}

/** Times the execution out when its `TimeoutSeconds` have passed since it started, restarts included. */
function watchTimeout(
  deps: RunnerDeps,
  execution: ExecutionRow,
  definition: StateMachineDefinition,
  controller: AbortController,
): void {
  if (definition.timeoutSeconds === undefined) return;
  const timeOut = () => {
    const end = {
      status: "TIMED_OUT",
      stopDate: deps.clock.now(),
      output: null,
      error: null,
      cause: null,
    } as const;
    const lastEvent = { type: "ExecutionTimedOut", details: {}, previous: 0 };
    endExecution(deps.stores, execution.id, { end, lastEvent, pending: [] });
    controller.abort(new RunStopped("the execution has timed out"));
  };
  const left = execution.start_date + definition.timeoutSeconds * 1000 - deps.clock.now();
  if (left <= 0) timeOut();
  else deps.clock.sleep(left, controller.signal).then(timeOut, () => undefined);
}

function endingOf(end: RunEnd, journal: PendingJournal, stopDate: number): Ending {
  const pending = journal.takePending();
  if (end.status === "SUCCEEDED") {
    const output = JSON.stringify(end.output);
    const details = { output, outputDetails: notTruncated };
    return {
      end: { status: "SUCCEEDED", stopDate, output, error: null, cause: null },
      lastEvent: { type: "ExecutionSucceeded", details },
      pending,
    };
  }
  const lastEvent: HistoryDraft = {
    type: "ExecutionFailed",
    details: present({ error: end.error, cause: end.cause }),
    ...(end.isDetached ? { previous: 0 } : {}),
  };
  const { error = null, cause = null } = end;
  return { end: { status: "FAILED", stopDate, output: null, error, cause }, lastEvent, pending };
}

function positionOf(execution: ExecutionRow): Position {
  return {
    state: execution.state,
    input: parseJson(execution.state_input),
    variables: parseJson(execution.variables) as JsonObject,
    progress: parseJson(execution.progress) as Position["progress"] & JsonObject,
  };
}

function executionContext(execution: ExecutionRow, revision: RevisionRow): JsonObject {
  return {
    Execution: {
      Id: execution.arn,
      Input: parseJson(execution.input),
      Name: execution.name,
      RoleArn: revision.role_arn,
      StartTime: new Date(execution.start_date).toISOString(),
      RedriveCount: 0,
    },
    StateMachine: { Id: execution.machine_arn, Name: execution.machine_arn.split(":")[6] ?? "" },
  };
}

function reportStop(execution: ExecutionRow, error: unknown): void {
  if (error instanceof RunStopped) return;
  process.stderr.write(`step functions: ${execution.arn}: ${String((error as Error).stack ?? error)}\n`);
}
