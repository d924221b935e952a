import { findByPath } from "../expression/json-path.ts";
import { fillTemplate } from "../expression/payload-template.ts";
import { applyResultPath } from "../expression/result-path.ts";
import type { Json, JsonObject } from "../json.ts";
import { assignVariables } from "./assign.ts";
import { checkOutputSize } from "./limits.ts";
import { type Outcome, pathScope, query, type StateScope } from "./scope.ts";
import { runtimeError } from "./state-error.ts";

interface OutputFields {
  readonly InputPath?: string | null | undefined;
  readonly OutputPath?: string | null | undefined;
  readonly Output?: Json | undefined;
  readonly Assign?: JsonObject | undefined;
}

interface ResultFields extends OutputFields {
  readonly Parameters?: Json | undefined;
  readonly Arguments?: Json | undefined;
  readonly ResultSelector?: JsonObject | undefined;
  readonly ResultPath?: string | null | undefined;
}

/** Filters the input by `InputPath`; JSONata states see the whole. */
export function effectiveInput(scope: StateScope, fields: OutputFields): Json {
  return filterByPath(scope, fields.InputPath, scope.input, "InputPath");
}

/** Builds what a state works on: `Arguments`, or `InputPath` and `Parameters`. */
export async function effectiveParameters(scope: StateScope, fields: ResultFields): Promise<Json> {
  if (scope.language === "JSONata") {
    return fields.Arguments === undefined ? scope.input : query(scope, fields.Arguments, "Arguments");
  }
  const input = effectiveInput(scope, fields);
  return fields.Parameters === undefined ? input : fillTemplate(fields.Parameters, pathScope(scope, input));
}

/** Turns the result of a state into its output and the variables it assigns. */
export async function outcomeOfResult(
  scope: StateScope,
  fields: ResultFields,
  result: Json,
  next: string | undefined,
): Promise<Outcome> {
  if (scope.language === "JSONata") return outcomeOfQuery(scope, fields, result, { result }, next);
  const selected =
    fields.ResultSelector === undefined
      ? result
      : fillTemplate(fields.ResultSelector, pathScope(scope, result));
  const assigned = await assignVariables(scope, fields.Assign, selected, {});
  const combined = applyResultPath(fields.ResultPath, scope.input, selected);
  return finish(scope, filterByPath(scope, fields.OutputPath, combined, "OutputPath"), assigned, next);
}

/** Gives a state that makes no result its output: in JSONPath by `InputPath` and `OutputPath`. */
export async function outcomeOfInput(
  scope: StateScope,
  fields: OutputFields,
  next: string | undefined,
): Promise<Outcome> {
  if (scope.language === "JSONata") return outcomeOfQuery(scope, fields, scope.input, {}, next);
  const input = effectiveInput(scope, fields);
  const assigned = await assignVariables(scope, fields.Assign, input, {});
  return finish(scope, filterByPath(scope, fields.OutputPath, input, "OutputPath"), assigned, next);
}

/** Evaluates `Output` (default: `otherwise`) and `Assign` in JSONata, both on the variables as they were. */
export async function outcomeOfQuery(
  scope: StateScope,
  fields: OutputFields,
  otherwise: Json,
  extra: Readonly<JsonObject>,
  next: string | undefined,
): Promise<Outcome> {
  const output = fields.Output === undefined ? otherwise : await query(scope, fields.Output, "Output", extra);
  const assigned = await assignVariables(scope, fields.Assign, null, extra);
  return finish(scope, output, assigned, next);
}

function finish(
  scope: StateScope,
  output: Json,
  assigned: JsonObject | undefined,
  next: string | undefined,
): Outcome {
  checkOutputSize(output, scope.name, scope.language === "JSONata" ? "Output" : undefined);
  return { kind: "continue", output, assigned, next };
}

function filterByPath(scope: StateScope, path: string | null | undefined, data: Json, field: string): Json {
  if (path === null) return {};
  if (path === undefined || path === "$") return data;
  const found = findByPath(path, pathScope(scope, data));
  if (found !== undefined) return found;
  const kind = field === "InputPath" ? "Input" : "Output";
  throw runtimeError(`Invalid path '${path}' : The ${kind} path references an invalid value.`);
}
