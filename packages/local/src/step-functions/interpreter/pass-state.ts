import type { PassState } from "../definition/state-machine.ts";
import { effectiveParameters, outcomeOfQuery, outcomeOfResult } from "./data-flow.ts";
import type { Outcome, StateScope } from "./scope.ts";

/** Gives the fixed `Result`, or the input as its fields shape it. */
export async function runPass(scope: StateScope<PassState>): Promise<Outcome> {
  const { state } = scope;
  if (scope.language === "JSONata") return outcomeOfQuery(scope, state, scope.input, {}, state.Next);
  const result = state.Result === undefined ? await effectiveParameters(scope, state) : state.Result;
  return outcomeOfResult(scope, state, result, state.Next);
}
