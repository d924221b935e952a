import { runtimeError } from "../interpreter/state-error.ts";
import { isObject, type Json } from "../json.ts";
import { type JsonPath, parsePath, type Segment } from "./json-path-syntax.ts";

/** What the paths of a field may reach. */
export interface PathScope {
  readonly data: Json;
  readonly context: Json;
  readonly variables: Readonly<Record<string, Json>>;
}

/**
 * Finds what `text` points to: a value, or a list where the path is not definite.
 *
 * @returns undefined where a definite path points to nothing.
 */
export function findByPath(text: string, scope: PathScope): Json | undefined {
  const path = parsePath(text);
  const start = rootValue(path, scope);
  if (start === undefined) return undefined;
  const found = path.segments.reduce<Json[]>(
    (values, segment) => values.flatMap((value) => step(value, segment)),
    [start],
  );
  return path.isDefinite ? found[0] : found;
}

/**
 * Finds what `text` points to, for the state's field `field`.
 *
 * @throws {StateError} `States.Runtime` where there is nothing.
 */
export function requireByPath(text: string, scope: PathScope, field: string): Json {
  const value = findByPath(text, scope);
  if (value !== undefined) return value;
  throw runtimeError(
    `The JSONPath '${text}' specified for the field '${field}' could not be found in the input '${JSON.stringify(scope.data)}'`,
  );
}

function rootValue(path: JsonPath, scope: PathScope): Json | undefined {
  const { root } = path;
  if (root.kind === "variable") {
    return Object.hasOwn(scope.variables, root.name) ? scope.variables[root.name] : undefined;
  }
  return root.kind === "data" ? scope.data : scope.context;
}

function step(value: Json, segment: Segment): Json[] {
  switch (segment.kind) {
    case "names":
      return isObject(value) ? segment.names.flatMap((name) => ownValue(value, name)) : [];
    case "indexes":
      return Array.isArray(value) ? segment.indexes.flatMap((index) => atIndex(value, index)) : [];
    case "slice":
      return Array.isArray(value) ? value.slice(segment.from, segment.to) : [];
    case "all":
      return children(value);
    case "descend":
      return [value, ...children(value).flatMap((child) => step(child, segment))];
  }
}

function ownValue(value: { readonly [key: string]: Json }, name: string): Json[] {
  return Object.hasOwn(value, name) ? [value[name] as Json] : [];
}

function atIndex(value: readonly Json[], index: number): Json[] {
  const found = value.at(index);
  return found === undefined ? [] : [found];
}

function children(value: Json): Json[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}
