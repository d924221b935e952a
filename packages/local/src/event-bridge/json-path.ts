import { isArray, isObject, type Json } from "./pattern/json.ts";

type Step = string | number | typeof everyMember;

const everyMember = Symbol("every member");
const stepPattern = /\.([A-Za-z0-9_/-]+)|\[(\d+)\]|(\.\*|\[\*\])/gy;

/**
 * Compiles the part of JSONPath that EventBridge reads: dot notation, array indices and `*`.
 *
 * The compiled path yields `undefined` where nothing is found, and with `*` an array of what is found.
 * Answers `undefined` for any other syntax.
 */
export function compileJsonPath(path: string): ((event: Json) => Json | undefined) | undefined {
  if (!path.startsWith("$")) return undefined;
  const steps: Step[] = [];
  let end = 1;
  for (const match of path.slice(1).matchAll(stepPattern)) {
    end += match[0].length;
    steps.push(match[1] ?? (match[2] === undefined ? everyMember : Number(match[2])));
  }
  if (end !== path.length) return undefined;
  return (event) => select(event, steps);
}

function select(event: Json, steps: readonly Step[]): Json | undefined {
  const found = steps.reduce<readonly Json[]>(
    (nodes, step) => nodes.flatMap((node) => follow(node, step)),
    [event],
  );
  return steps.includes(everyMember) && found.length > 0 ? found : found[0];
}

function follow(node: Json, step: Step): readonly Json[] {
  if (step === everyMember) {
    if (isArray(node)) return node;
    return isObject(node) ? Object.values(node) : [];
  }
  const member = memberAt(node, step);
  return member === undefined ? [] : [member];
}

function memberAt(node: Json, step: string | number): Json | undefined {
  if (typeof step === "number") return isArray(node) ? node[step] : undefined;
  return isObject(node) && Object.hasOwn(node, step) ? node[step] : undefined;
}
