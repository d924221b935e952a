import { setImmediate as nextTurn } from "node:timers/promises";
import type {
  ChoiceState,
  FailState,
  PassState,
  State,
  SucceedState,
  TaskState,
  WaitState,
} from "../definition/state-machine.ts";
import type { Json } from "../json.ts";
import { runChoice } from "./choice-state.ts";
import { withErrorHandling } from "./error-handling.ts";
import { runFail } from "./fail-state.ts";
import { notTruncated, present } from "./history-event.ts";
import { runPass } from "./pass-state.ts";
import type { Position, Run, RunEnd } from "./run.ts";
import { type Outcome, openScope, type StateScope } from "./scope.ts";
import { StateError } from "./state-error.ts";
import { runSucceed } from "./succeed-state.ts";
import { runTask } from "./task-state.ts";
import { runWait } from "./wait-state.ts";

/**
 * Runs an execution from `start` to its end; the end itself is left to the caller to make durable.
 *
 * @throws {RunStopped} when the execution was ended by another, or the run has to stop.
 */
export async function interpret(run: Run, start: Position): Promise<RunEnd> {
  let position = start;
  try {
    for (;;) {
      const outcome = await runState(run, position);
      if (outcome.kind === "fail") return { status: "FAILED", error: outcome.error, cause: outcome.cause };
      if (outcome.next === undefined) return { status: "SUCCEEDED", output: outcome.output };
      position = {
        state: outcome.next,
        input: outcome.output,
        variables: outcome.assigned ? { ...position.variables, ...outcome.assigned } : position.variables,
        progress: {},
      };
      run.journal.advance(position);
      // a loop of states without a wait must let others have their turn, StopExecution among them
      await nextTurn();
      run.signal.throwIfAborted();
    }
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    const { errorName, causeText, isDetached } = error;
    return { status: "FAILED", error: errorName, cause: causeText, isDetached };
  }
}

async function runState(run: Run, position: Position): Promise<Outcome> {
  const state = run.definition.states.get(position.state) as State;
  const eventId = run.journal.record({
    type: `${state.Type}StateEntered`,
    details: { name: position.state, input: JSON.stringify(position.input), inputDetails: notTruncated },
  });
  const scope = openScope(run, position, state, { eventId, at: run.clock.now() });
  const outcome = await withErrorHandling(scope, () => dispatch(scope));
  if (outcome.kind === "continue") run.journal.record(exited(scope, outcome));
  return outcome;
}

function dispatch(scope: StateScope): Promise<Outcome> {
  switch (scope.state.Type) {
    case "Task":
      return runTask(scope as StateScope<TaskState>);
    case "Pass":
      return runPass(scope as StateScope<PassState>);
    case "Choice":
      return runChoice(scope as StateScope<ChoiceState>);
    case "Wait":
      return runWait(scope as StateScope<WaitState>);
    case "Succeed":
      return runSucceed(scope as StateScope<SucceedState>);
    case "Fail":
      return runFail(scope as StateScope<FailState>);
  }
}

function exited(scope: StateScope, outcome: Extract<Outcome, { kind: "continue" }>) {
  const { assigned } = outcome;
  const texts = assigned && Object.entries(assigned).map(([name, value]) => [name, JSON.stringify(value)]);
  return {
    type: `${scope.state.Type}StateExited`,
    details: present({
      name: scope.name,
      output: JSON.stringify(outcome.output),
      outputDetails: notTruncated,
      assignedVariables: texts && (Object.fromEntries(texts) as Record<string, Json>),
      assignedVariablesDetails: texts && notTruncated,
    }),
  };
}
