import { errorNames, StateError } from "../interpreter/state-error.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { PathSyntaxError, parsePath } from "./json-path-syntax.ts";

/**
 * Reads a `ResultPath`, a reference path into the state's input.
 *
 * @throws {PathSyntaxError} when it does not name one place there.
 */
export function parseResultPath(text: string): (string | number)[] {
  const path = parsePath(text);
  if (path.root.kind !== "data" || !path.isDefinite) {
    throw new PathSyntaxError(`path "${text}" is no reference path into the state's input`);
  }
  return path.segments.map((segment) => {
    if (segment.kind === "names") return segment.names[0] ?? "";
    return segment.kind === "indexes" ? (segment.indexes[0] ?? 0) : 0;
  });
}

/**
 * Puts `result` into a copy of `input` at `resultPath`; null discards it, absent replaces the input.
 *
 * @throws {StateError} `States.ResultPathMatchFailure` where the input has no such place.
 */
export function applyResultPath(resultPath: string | null | undefined, input: Json, result: Json): Json {
  if (resultPath === null) return input;
  return place(input, parseResultPath(resultPath ?? "$"), result, resultPath ?? "$");
}

function place(
  target: Json | undefined,
  steps: readonly (string | number)[],
  result: Json,
  path: string,
): Json {
  const [first, ...rest] = steps;
  if (first === undefined) return result;
  if (typeof first === "number") {
    if (!Array.isArray(target) || target[first] === undefined) throw mismatch(path, target);
    return target.with(first, place(target[first], rest, result, path));
  }
  if (target !== undefined && !isObject(target)) throw mismatch(path, target);
  const held: JsonObject = target ?? {};
  const inner = place(Object.hasOwn(held, first) ? held[first] : undefined, rest, result, path);
  return Object.fromEntries([...Object.entries(held).filter(([key]) => key !== first), [first, inner]]);
}

function mismatch(path: string, target: Json | undefined): StateError {
  return new StateError(
    errorNames.resultPathMatchFailure,
    `Unable to apply Path transformation to null or empty input: ResultPath '${path}' meets ${JSON.stringify(target)}`,
    { isEvaluation: true },
  );
}
