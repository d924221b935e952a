import { invalidPattern } from "./invalid-pattern.ts";
import { isArray, type Json, type Leaf } from "./json.ts";

/** The largest magnitude EventBridge compares as a number; beyond it numeric matching never matches. */
export const largestNumber = 5e9;

const comparisons: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  "=": (value, bound) => value === bound,
  "<": (value, bound) => value < bound,
  "<=": (value, bound) => value <= bound,
  ">": (value, bound) => value > bound,
  ">=": (value, bound) => value >= bound,
};

/**
 * Compiles the operand of `numeric`: one comparison, or a lower bound followed by an upper one.
 *
 * @throws {AwsError} InvalidEventPatternException on another shape.
 */
export function compileNumeric(operand: Json): (value: Leaf) => boolean {
  if (!isArray(operand)) throw invalidPattern("Value of numeric must be an array.");
  const [operator, bound, secondOperator, secondBound, ...rest] = operand;
  const first = compileComparison(operator, bound);
  if (secondOperator === undefined) return inRange(first);
  if (operator === "=" || operator === "<" || operator === "<=") {
    throw invalidPattern("Too many terms in numeric range expression");
  }
  if (secondOperator !== "<" && secondOperator !== "<=") {
    throw invalidPattern(`Bad numeric range operator: ${String(secondOperator)}`);
  }
  const second = compileComparison(secondOperator, secondBound);
  if (rest.length > 0) throw invalidPattern("Too many terms in numeric range expression");
  if (Number(bound) >= Number(secondBound)) throw invalidPattern("Bottom must be less than top");
  return inRange((value) => first(value) && second(value));
}

function compileComparison(operator: Json | undefined, bound: Json | undefined): (value: number) => boolean {
  if (typeof operator !== "string")
    throw invalidPattern("Invalid member in numeric match: expected an operator");
  const compare = Object.hasOwn(comparisons, operator) ? comparisons[operator] : undefined;
  if (!compare) throw invalidPattern(`Unrecognized numeric range operator: ${operator}`);
  if (typeof bound !== "number") {
    throw invalidPattern(`Value of ${operator === "=" ? "equals" : operator} must be numeric`);
  }
  if (Math.abs(bound) > largestNumber) {
    throw invalidPattern(`Value must be between ${-largestNumber} and ${largestNumber}, inclusive`);
  }
  return (value) => compare(value, bound);
}

function inRange(test: (value: number) => boolean): (value: Leaf) => boolean {
  return (value) => typeof value === "number" && Math.abs(value) <= largestNumber && test(value);
}
