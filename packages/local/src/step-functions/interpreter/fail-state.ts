import type { FailState } from "../definition/state-machine.ts";
import { evaluatePathOrIntrinsic } from "../expression/payload-template.ts";
import { type Outcome, pathScope, query, type StateScope } from "./scope.ts";
import { queryError, runtimeError } from "./state-error.ts";

/** Ends the execution as failed, with the error and cause the state names. */
export async function runFail(scope: StateScope<FailState>): Promise<Outcome> {
  const { Error: error, ErrorPath, Cause: cause, CausePath } = scope.state;
  return {
    kind: "fail",
    error: await failText(scope, error, ErrorPath, "Error"),
    cause: await failText(scope, cause, CausePath, "Cause"),
  };
}

async function failText(
  scope: StateScope,
  literal: string | undefined,
  path: string | undefined,
  field: "Error" | "Cause",
): Promise<string | undefined> {
  if (path !== undefined) {
    const value = evaluatePathOrIntrinsic(path, pathScope(scope, scope.input), `${field}Path`);
    if (typeof value === "string") return value;
    throw runtimeError(`The value of the field '${field}Path' is not a string.`);
  }
  if (literal === undefined || scope.language === "JSONPath") return literal;
  const value = await query(scope, literal, field);
  if (typeof value === "string") return value;
  throw queryError(`The value of the field '${field}' is not a string.`, field);
}
