import type { Clock } from "../clock.ts";
import type { StateMachineDefinition } from "../definition/state-machine.ts";
import type { StartPattern } from "../definition/task-resource.ts";
import type { Json, JsonObject } from "../json.ts";
import type { HistoryDraft } from "./history-event.ts";

/** What a Lambda invocation answers. */
export interface InvokeResult {
  readonly payload: unknown;
  readonly functionError?: "Handled" | "Unhandled";
}

/** Invokes a Lambda function by name or ARN. */
export type InvokeFunction = (functionName: string, payload: unknown) => Promise<InvokeResult>;

/** What a state in flight keeps beside its input, so that a crash does not start it from nothing. */
export interface Progress {
  /** How often each retrier of the state was used. */
  readonly retries?: readonly number[];
  /** When the wait of the state ends, in epoch milliseconds. */
  readonly until?: number;
  /** The execution that the state has started. */
  readonly child?: ChildExecution;
}

/** An execution that a Task has started. */
export type ChildExecution = {
  readonly arn: string;
  /** Epoch milliseconds. */
  readonly startDate: number;
  /** Whether it is stopped when its parent ends before it. */
  readonly isAwaited: boolean;
};

export type StartedExecution = Pick<ChildExecution, "arn" | "startDate">;

/** Starts executions for Tasks, as StartExecution does. */
export interface NestedExecutions {
  /**
   * Starts an execution; what `alongside` writes becomes durable together with it, or neither does.
   *
   * @throws {StateError} named by the exception with which StartExecution refuses.
   */
  start(
    request: { readonly stateMachineArn: string; readonly name?: string; readonly input?: string },
    alongside: (started: StartedExecution) => void,
  ): StartedExecution;
  /** Resolves once the execution has ended, with what describes it as the Task's result. */
  ended(
    arn: string,
    pattern: Exclude<StartPattern, "request-response">,
    signal: AbortSignal,
  ): Promise<{ readonly hasSucceeded: boolean; readonly description: JsonObject }>;
  /** Stops a child of `parentArn`, if it still runs. */
  stop(arn: string, parentArn: string): void;
}

/** Where an execution stands. */
export interface Position {
  readonly state: string;
  readonly input: Json;
  readonly variables: Readonly<JsonObject>;
  readonly progress: Progress;
}

/** How an execution ends by itself. */
export type RunEnd =
  | { readonly status: "SUCCEEDED"; readonly output: Json }
  | {
      readonly status: "FAILED";
      readonly error?: string | undefined;
      readonly cause?: string | undefined;
      /** Whether the last event follows no other (`previousEventId` 0). */
      readonly isDetached?: boolean;
    };

/**
 * The durable side of one execution.
 *
 * Events are numbered as they are recorded and become durable together with the next `commit` or `advance`.
 */
export interface Journal {
  /** @throws {StateError} `States.Runtime` when the history is full. */
  record(event: HistoryDraft): number;
  /** Makes recorded events durable. @throws {RunStopped} when the execution has ended meanwhile. */
  commit(): void;
  /** Makes recorded events and the new position durable in one transaction. @throws {RunStopped} */
  advance(position: Position): void;
}

/** The reason a run goes no further: the execution was ended by another, or the process is closing. */
export class RunStopped extends Error {
  override readonly name = "RunStopped";
}

/** All that one run of an execution needs. */
export interface Run {
  readonly definition: StateMachineDefinition;
  /** The `Execution` and `StateMachine` parts of the context object. */
  readonly context: JsonObject;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly invokeFunction: InvokeFunction;
  readonly nested: NestedExecutions;
  /** Aborted with a {@link RunStopped} when the run must end. */
  readonly signal: AbortSignal;
}

/** Rejects when the run must end, else settles as `work` does. */
export async function untilStopped<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let onAbort: (() => void) | undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    if (onAbort) signal.removeEventListener("abort", onAbort);
  }
}
