import type { Catcher, Retrier, State } from "../definition/state-machine.ts";
import { applyResultPath } from "../expression/result-path.ts";
import type { JsonObject } from "../json.ts";
import { assignVariables } from "./assign.ts";
import { outcomeOfQuery } from "./data-flow.ts";
import { present } from "./history-event.ts";
import { checkOutputSize } from "./limits.ts";
import { type Outcome, type StateScope, saveProgress } from "./scope.ts";
import { errorNames, StateError } from "./state-error.ts";

interface Handlers {
  readonly Retry?: readonly Retrier[] | undefined;
  readonly Catch?: readonly Catcher[] | undefined;
}

/**
 * Runs a state's work, again as its `Retry` says, then as its `Catch` says.
 *
 * @throws {StateError} what no retrier and no catcher took.
 */
export async function withErrorHandling(
  scope: StateScope<State>,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  const handlers: Handlers = scope.state.Type === "Task" ? scope.state : {};
  for (;;) {
    const failure = await attempt(scope, work);
    if (!(failure instanceof StateError)) return failure;
    const delay = nextRetry(scope, handlers.Retry ?? [], failure);
    if (delay === undefined) return catchError(scope, handlers.Catch ?? [], failure);
    await scope.run.clock.sleep(delay, scope.run.signal);
  }
}

async function attempt(scope: StateScope, work: () => Promise<Outcome>): Promise<Outcome | StateError> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return noteFailure(scope, error);
  }
}

/** Says in the cause where an evaluation failed, and records it where the API has an event for that. */
function noteFailure(scope: StateScope, error: StateError): StateError {
  if (!error.isEvaluation) return error;
  const where = `An error occurred while executing the state '${scope.name}' (entered at the event id #${scope.enteredEventId}). `;
  const cause = `${where}${error.causeText ?? ""}`;
  if (error.location !== undefined) {
    scope.run.journal.record({
      type: "EvaluationFailed",
      details: { error: error.errorName, cause, location: error.location, state: scope.name },
    });
  }
  return new StateError(error.errorName, cause, { isDetached: error.location === undefined });
}

/** Says after how many milliseconds to try again, counting the attempt durably; undefined for not at all. */
function nextRetry(scope: StateScope, retriers: readonly Retrier[], failure: StateError): number | undefined {
  const index = retriers.findIndex((retrier) => matchesError(retrier.ErrorEquals, failure.errorName));
  const retrier = retriers[index];
  const used = scope.progress.retries?.[index] ?? 0;
  if (!retrier || used >= (retrier.MaxAttempts ?? 3)) return undefined;
  const retries = retriers.map((_, at) => (scope.progress.retries?.[at] ?? 0) + Number(at === index));
  // Nothing else of the attempt is kept: the next one starts an execution of its own.
  saveProgress(scope, { retries });
  return retryDelay(retrier, used);
}

function retryDelay(retrier: Retrier, used: number): number {
  const grown = (retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** used;
  const seconds = Math.min(grown, retrier.MaxDelaySeconds ?? 31_622_400);
  return Math.round(seconds * 1000 * (retrier.JitterStrategy === "FULL" ? Math.random() : 1));
}

/**
 * Says whether a retrier or catcher takes an error.
 *
 * Nothing takes `States.Runtime`; `States.TaskFailed` takes all but timeouts.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
export function matchesError(errorEquals: readonly string[], errorName: string): boolean {
  if (errorName === errorNames.runtime) return false;
  if (errorEquals.includes(errorName) || errorEquals.includes(errorNames.all)) return true;
  return errorEquals.includes(errorNames.taskFailed) && errorName !== errorNames.timeout;
}

async function catchError(
  scope: StateScope,
  catchers: readonly Catcher[],
  failure: StateError,
): Promise<Outcome> {
  const catcher = catchers.find((held) => matchesError(held.ErrorEquals, failure.errorName));
  if (!catcher) throw failure;
  const errorOutput: JsonObject = { Error: failure.errorName, Cause: failure.causeText ?? "" };
  try {
    return await caughtOutcome(scope, catcher, errorOutput);
  } catch (error) {
    throw error instanceof StateError ? noteFailure(scope, error) : error;
  }
}

async function caughtOutcome(scope: StateScope, catcher: Catcher, errorOutput: JsonObject): Promise<Outcome> {
  if (scope.language === "JSONata") {
    return outcomeOfQuery(scope, catcher, errorOutput, { errorOutput }, catcher.Next);
  }
  const assigned = await assignVariables(scope, catcher.Assign, errorOutput, {});
  const output = applyResultPath(catcher.ResultPath, scope.input, errorOutput);
  checkOutputSize(output, scope.name, undefined);
  return { kind: "continue", output, assigned, next: catcher.Next };
}

/** The fields of an error as history details: absent where there is none. */
export function errorDetails(failure: Pick<StateError, "errorName" | "causeText">): JsonObject {
  return present({ error: failure.errorName, cause: failure.causeText });
}
