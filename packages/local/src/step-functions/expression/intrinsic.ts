import { errorNames, StateError } from "../interpreter/state-error.ts";
import type { Json } from "../json.ts";
import { intrinsicFunctions } from "./intrinsic-functions.ts";
import { type IntrinsicNode, IntrinsicSyntaxError, parseIntrinsic } from "./intrinsic-syntax.ts";
import { type PathScope, requireByPath } from "./json-path.ts";

/**
 * Checks a call's syntax, names included.
 *
 * @throws {IntrinsicSyntaxError} naming a function that AWS does not have.
 */
export function checkIntrinsic(text: string): void {
  checkNames(parseIntrinsic(text));
}

/** Evaluates a call. @throws {StateError} `States.IntrinsicFailure`, or `States.Runtime` for a path to nothing. */
export function evaluateIntrinsic(text: string, scope: PathScope, field: string): Json {
  return evaluate(parseIntrinsic(text), scope, field);
}

function checkNames(node: IntrinsicNode): void {
  if (node.kind !== "call") return;
  if (!intrinsicFunctions.has(node.name)) {
    throw new IntrinsicSyntaxError(`intrinsic function "States.${node.name}" is unknown`);
  }
  node.args.forEach(checkNames);
}

function evaluate(node: IntrinsicNode, scope: PathScope, field: string): Json {
  if (node.kind === "literal") return typeof node.value === "string" ? unescaped(node.value) : node.value;
  if (node.kind === "path") return requireByPath(node.path, scope, field);
  const run = intrinsicFunctions.get(node.name);
  const args = node.args.map((arg, index) =>
    // the template of States.Format keeps its escapes, for "\{" there is no placeholder
    node.name === "Format" && index === 0 && arg.kind === "literal" ? arg.value : evaluate(arg, scope, field),
  );
  try {
    if (!run) throw new Error("the function is unknown");
    return run(args);
  } catch (error) {
    if (error instanceof StateError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StateError(
      errorNames.intrinsicFailure,
      `The function '${node.text}' had the following error: ${reason}`,
      { isEvaluation: true },
    );
  }
}

function unescaped(text: string): string {
  return text.replace(/\\([\\'{}])/g, "$1");
}
