import { compileCidr } from "./cidr.ts";
import { invalidPattern } from "./invalid-pattern.ts";
import { isArray, isObject, type Json, type Leaf } from "./json.ts";
import { compileNumeric } from "./numeric.ts";
import { compileWildcard } from "./wildcard.ts";

/** What one element of a pattern's array asks: that the field be absent, or a value that passes. */
export type LeafTest = "absent" | ((value: Leaf) => boolean);

/**
 * Compiles one element of a pattern's array.
 *
 * Source: EventBridge user guide, "Comparison operators for use in event patterns".
 *
 * @throws {AwsError} InvalidEventPatternException.
 */
export function compileLeafTest(element: Json): LeafTest {
  if (isArray(element)) throw invalidPattern("Match value must be String, number, true, false, or null");
  if (!isObject(element)) return (value) => value === element;
  const [entry, ...others] = Object.entries(element);
  if (!entry) throw invalidPattern("Match expression name not found");
  const [name, operand] = entry;
  const compile = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (!compile) throw invalidPattern(`Unrecognized match type ${name}`);
  const test = compile(operand);
  if (others.length > 0) throw invalidPattern("Only one key allowed in match expression");
  return test;
}

const operators: Readonly<Record<string, (operand: Json) => LeafTest>> = {
  prefix: (operand) => compileAffix("prefix", operand),
  suffix: (operand) => compileAffix("suffix", operand),
  wildcard: (operand) => onStrings(compileWildcard(requireString("wildcard", operand))),
  "equals-ignore-case": (operand) =>
    onStrings(equalsIgnoringCase(requireString("equals-ignore-case", operand))),
  cidr: (operand) => compileCidr(requireString("prefix", operand)),
  numeric: compileNumeric,
  exists: compileExists,
  "anything-but": compileAnythingBut,
};

function compileExists(operand: Json): LeafTest {
  if (typeof operand !== "boolean")
    throw invalidPattern("exists match pattern must be either true or false.");
  return operand ? () => true : "absent";
}

type Affix = "prefix" | "suffix";

function compileAffix(kind: Affix, operand: Json): LeafTest {
  if (!isObject(operand)) return onStrings(hasAffix(kind, requireString(kind, operand)));
  const [entry, ...others] = Object.entries(operand);
  if (entry?.[0] !== "equals-ignore-case" || others.length > 0) {
    throw invalidPattern(`${kind} match pattern must be a string`);
  }
  const test = hasAffix(kind, fold(requireString("equals-ignore-case", entry[1])));
  return onStrings((value) => test(fold(value)));
}

function hasAffix(kind: Affix, affix: string): (value: string) => boolean {
  return kind === "prefix" ? (value) => value.startsWith(affix) : (value) => value.endsWith(affix);
}

function compileAnythingBut(operand: Json): LeafTest {
  if (isObject(operand)) return compileAnythingButMatch(operand);
  const excluded = isArray(operand) ? operand : [operand];
  if (excluded.length === 0) throw invalidPattern("Empty arrays are not allowed");
  const types = new Set(excluded.map((value) => typeof value));
  if (types.size > 1 || !(types.has("string") || types.has("number"))) {
    throw invalidPattern(
      isArray(operand)
        ? "Inside anything but list, either all values are strings or numbers, mixed type is not supported"
        : "Value of anything-but must be an array or single string/number value.",
    );
  }
  const values = new Set<Json>(excluded);
  return (value) => !values.has(value);
}

function compileAnythingButMatch(operand: { readonly [key: string]: Json }): LeafTest {
  const [entry, ...others] = Object.entries(operand);
  if (!entry || others.length > 0) throw invalidPattern("Only one key allowed in match expression");
  const [name, excluded] = entry;
  if (isObject(excluded)) {
    throw invalidPattern("Value of anything-but must be an array or single string/number value.");
  }
  const values = isArray(excluded) ? excluded : [excluded];
  if (values.length === 0) throw invalidPattern("Empty arrays are not allowed");
  const tests = values.map((value) => compileExcluded(name, value));
  // A value that is no string can't have the excluded shape, so it passes.
  return (value) => typeof value !== "string" || !tests.some((test) => test(value));
}

function compileExcluded(name: string, value: Json): (value: string) => boolean {
  if (name === "wildcard") return compileWildcard(requireString("wildcard", value));
  if (name === "prefix" || name === "suffix") {
    const affix = requireString("prefix/suffix", value);
    if (affix === "") throw invalidPattern("Null prefix/suffix not allowed");
    return hasAffix(name, affix);
  }
  if (name === "equals-ignore-case") {
    if (typeof value === "string") return equalsIgnoringCase(value);
    throw invalidPattern(
      "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
    );
  }
  throw invalidPattern(`Unsupported anything-but pattern: ${name}`);
}

function requireString(name: string, operand: Json): string {
  if (typeof operand === "string") return operand;
  throw invalidPattern(`${name} match pattern must be a string`);
}

function onStrings(test: (value: string) => boolean): LeafTest {
  return (value) => typeof value === "string" && test(value);
}

function equalsIgnoringCase(expected: string): (value: string) => boolean {
  const folded = fold(expected);
  return (value) => fold(value) === folded;
}

function fold(text: string): string {
  return text.toUpperCase().toLowerCase();
}
