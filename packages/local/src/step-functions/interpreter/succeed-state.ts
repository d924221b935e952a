import type { SucceedState } from "../definition/state-machine.ts";
import { outcomeOfInput } from "./data-flow.ts";
import type { Outcome, StateScope } from "./scope.ts";

/** Ends the execution with the state's output. */
export function runSucceed(scope: StateScope<SucceedState>): Promise<Outcome> {
  return outcomeOfInput(scope, scope.state, undefined);
}
