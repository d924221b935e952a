import { choiceOperators } from "../definition/choice-operators.ts";
import type { ChoiceRule, ChoiceState } from "../definition/state-machine.ts";
import { findByPath, type PathScope } from "../expression/json-path.ts";
import type { Json, JsonObject } from "../json.ts";
import { effectiveInput, outcomeOfInput } from "./data-flow.ts";
import { type Outcome, pathScope, query, type StateScope } from "./scope.ts";
import { errorNames, queryError, runtimeError, StateError } from "./state-error.ts";

/** Goes on with the first rule that holds, else with `Default`. */
export async function runChoice(scope: StateScope<ChoiceState>): Promise<Outcome> {
  const { state } = scope;
  const rule = await firstMatch(scope);
  if (rule) {
    const { InputPath, OutputPath } = state;
    const fields = { InputPath, OutputPath, Output: rule.Output, Assign: rule.Assign };
    return outcomeOfInput(scope, fields, rule.Next);
  }
  if (state.Default !== undefined) return outcomeOfInput(scope, state, state.Default);
  throw new StateError(
    errorNames.noChoiceMatched,
    "Failed to transition out of the state. The state does not point to a next state.",
    { isEvaluation: true },
  );
}

async function firstMatch(scope: StateScope<ChoiceState>): Promise<ChoiceRule | undefined> {
  if (scope.language === "JSONPath") {
    const paths = pathScope(scope, effectiveInput(scope, scope.state));
    return scope.state.Choices.find((rule) => holds(rule as JsonObject, paths));
  }
  for (const [index, rule] of scope.state.Choices.entries()) {
    const field = `Choices[${index}]/Condition`;
    const value = await query(scope, rule.Condition ?? null, field);
    if (typeof value !== "boolean") {
      throw queryError(`The value of the field '${field}' is not a boolean.`, field);
    }
    if (value) return rule;
  }
  return undefined;
}

function holds(rule: JsonObject, paths: PathScope): boolean {
  if (rule["And"] !== undefined) return (rule["And"] as JsonObject[]).every((inner) => holds(inner, paths));
  if (rule["Or"] !== undefined) return (rule["Or"] as JsonObject[]).some((inner) => holds(inner, paths));
  if (rule["Not"] !== undefined) return !holds(rule["Not"] as JsonObject, paths);
  return compares(rule, paths);
}

function compares(rule: JsonObject, paths: PathScope): boolean {
  const name = Object.keys(rule).find((key) => choiceOperators.has(key)) ?? "";
  const operator = choiceOperators.get(name);
  const variable = String(rule["Variable"]);
  const left = findByPath(variable, paths);
  if (name === "IsPresent") return (left !== undefined) === rule[name];
  if (!operator || left === undefined) throw missing(variable);
  return operator.test(left, operator.isPath ? required(String(rule[name]), paths) : (rule[name] as Json));
}

function required(path: string, paths: PathScope): Json {
  const value = findByPath(path, paths);
  if (value === undefined) throw missing(path);
  return value;
}

function missing(path: string): StateError {
  return runtimeError(
    `Invalid path '${path}': The choice state's condition path references an invalid value.`,
  );
}
