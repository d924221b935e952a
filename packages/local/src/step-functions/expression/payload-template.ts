import { isObject, type Json } from "../json.ts";
import { evaluateIntrinsic } from "./intrinsic.ts";
import { isIntrinsicCall } from "./intrinsic-syntax.ts";
import { type PathScope, requireByPath } from "./json-path.ts";

/**
 * Fills a JSONPath payload template: a key ending in `.$` holds a path or an intrinsic function.
 *
 * @throws {StateError} when a path points to nothing or a function fails.
 */
export function fillTemplate(template: Json, scope: PathScope): Json {
  if (Array.isArray(template)) return template.map((item) => fillTemplate(item, scope));
  if (!isObject(template)) return template;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) =>
      key.endsWith(".$") && typeof value === "string"
        ? [key.slice(0, -2), evaluatePathOrIntrinsic(value, scope, key)]
        : [key, fillTemplate(value, scope)],
    ),
  );
}

/** Evaluates a string that is either a path or a call of an intrinsic function. */
export function evaluatePathOrIntrinsic(text: string, scope: PathScope, field: string): Json {
  return isIntrinsicCall(text) ? evaluateIntrinsic(text, scope, field) : requireByPath(text, scope, field);
}
