import { timestampMillis } from "../expression/timestamp.ts";
import type { Json } from "../json.ts";

type Kind = "string" | "number" | "boolean" | "timestamp";
type Compare = (left: Json, right: Json) => boolean;

/** One data test of a Choice rule: what its operand must be, and how it compares. */
export interface ChoiceOperator {
  readonly operand: Kind;
  /** Whether the operand is a path to the value to compare with. */
  readonly isPath: boolean;
  readonly test: Compare;
}

const orders: Readonly<Record<string, (order: number) => boolean>> = {
  Equals: (order) => order === 0,
  LessThan: (order) => order < 0,
  LessThanEquals: (order) => order <= 0,
  GreaterThan: (order) => order > 0,
  GreaterThanEquals: (order) => order >= 0,
};

const ordered: Readonly<Record<string, readonly [Kind, (left: Json, right: Json) => number | undefined]>> = {
  String: ["string", compareStrings],
  Numeric: ["number", compareNumbers],
  Timestamp: ["timestamp", compareTimestamps],
};

/** The comparison operators of a Choice rule in JSONPath, by name. */
export const choiceOperators: ReadonlyMap<string, ChoiceOperator> = new Map([
  ...orderOperators(),
  ...both("BooleanEquals", "boolean", (left, right) => typeof left === "boolean" && left === right),
  ["StringMatches", { operand: "string", isPath: false, test: matches }],
  ...typeTest("IsNull", (value) => value === null),
  ...typeTest("IsNumeric", (value) => typeof value === "number"),
  ...typeTest("IsString", (value) => typeof value === "string"),
  ...typeTest("IsBoolean", (value) => typeof value === "boolean"),
  ...typeTest("IsTimestamp", (value) => timestampMillis(value) !== undefined),
  ["IsPresent", { operand: "boolean", isPath: false, test: () => true }],
]);

function orderOperators(): [string, ChoiceOperator][] {
  return Object.entries(ordered).flatMap(([kind, [operand, compare]]) =>
    Object.entries(orders).flatMap(([name, holds]) =>
      both(`${kind}${name}`, operand, (left, right) => {
        const order = compare(left, right);
        return order !== undefined && holds(order);
      }),
    ),
  );
}

function both(name: string, operand: Kind, test: Compare): [string, ChoiceOperator][] {
  return [
    [name, { operand, isPath: false, test }],
    [`${name}Path`, { operand: "string", isPath: true, test }],
  ];
}

function typeTest(name: string, is: (value: Json) => boolean): [string, ChoiceOperator][] {
  return [[name, { operand: "boolean", isPath: false, test: (left, right) => is(left) === right }]];
}

function compareStrings(left: Json, right: Json): number | undefined {
  if (typeof left !== "string" || typeof right !== "string") return undefined;
  return left < right ? -1 : Number(left > right);
}

function compareNumbers(left: Json, right: Json): number | undefined {
  return typeof left === "number" && typeof right === "number" ? left - right : undefined;
}

function compareTimestamps(left: Json, right: Json): number | undefined {
  const [first, second] = [timestampMillis(left), timestampMillis(right)];
  return first === undefined || second === undefined ? undefined : first - second;
}

/** `*` stands for any run of characters, `\*` for an asterisk, `\\` for a backslash. */
function matches(value: Json, pattern: Json): boolean {
  if (typeof value !== "string" || typeof pattern !== "string") return false;
  const [first = "", ...others] = literalParts(pattern);
  const last = others.pop();
  if (last === undefined) return value === first;
  if (!value.startsWith(first) || value.length < first.length + last.length || !value.endsWith(last))
    return false;
  const end = value.length - last.length;
  let at = first.length;
  for (const part of others) {
    const found = value.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** The texts between the wildcards of a pattern, escapes undone. */
function literalParts(pattern: string): string[] {
  const parts = [""];
  for (const [token] of pattern.matchAll(/\\[*\\]|[\s\S]/g)) {
    if (token === "*") parts.push("");
    else parts.push((parts.pop() ?? "") + (token.length === 2 ? token.slice(1) : token));
  }
  return parts;
}
