/** Where a text stops being JSON, and what was expected there. */
export interface JsonError {
  /** Offset in UTF-16 code units. */
  readonly at: number;
  readonly problem: string;
}

type Expected = "value" | "value or ]" | "name" | "name or }" | "colon" | "end";

const space = /[ \t\n\r]*/y;
const string = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const scalar = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

const wanted: Readonly<Record<Expected, string>> = {
  value: "expected a value",
  "value or ]": 'expected a value or "]"',
  name: "expected a name in double quotes",
  "name or }": 'expected a name in double quotes or "}"',
  colon: 'expected ":"',
  end: 'expected "," or the closing bracket',
};

/**
 * Finds the first place where a text is not JSON (RFC 8259), or holds an integer that would lose digits.
 *
 * `JSON.parse` names the place only for some mistakes, and quotes the text, which may be confidential.
 */
export function findJsonError(text: string): JsonError | undefined {
  const open: ("{" | "[")[] = [];
  let expected: Expected = "value";
  let at = skip(space, text, 0);
  while (at < text.length) {
    const step: Step | JsonError = take(text, at, expected, open);
    if ("problem" in step) return step;
    expected = step.expected;
    at = skip(space, text, step.next);
  }
  if (open.length === 0 && expected === "end") return undefined;
  return { at, problem: `the text ends, ${wanted[expected]}` };
}

/** Line and column of an offset, both from 1. */
export function positionOf(text: string, at: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

interface Step {
  readonly next: number;
  readonly expected: Expected;
}

function take(text: string, at: number, expected: Expected, open: ("{" | "[")[]): Step | JsonError {
  const character = text.charAt(at);
  const unexpected = { at, problem: wanted[expected] };
  switch (expected) {
    case "colon":
      return character === ":" ? { next: at + 1, expected: "value" } : unexpected;
    case "name":
    case "name or }":
      if (character === "}" && expected === "name or }") return close(at, open);
      return character === '"' ? takeString(text, at, "colon") : unexpected;
    case "end":
      return takeEnd(character, at, open);
    default:
      if (character === "]" && expected === "value or ]") return close(at, open);
      return takeValue(text, at, open) ?? unexpected;
  }
}

function takeValue(text: string, at: number, open: ("{" | "[")[]): Step | JsonError | undefined {
  const character = text.charAt(at);
  if (character === "{" || character === "[") {
    open.push(character);
    return { next: at + 1, expected: character === "{" ? "name or }" : "value or ]" };
  }
  if (character === '"') return takeString(text, at, "end");
  const next = skip(scalar, text, at);
  if (next === at) return undefined;
  const literal = text.slice(at, next);
  if (/^-?[0-9]+$/.test(literal) && !Number.isSafeInteger(Number(literal))) {
    return { at, problem: "the integer is beyond 2^53 and would lose digits, send it as a string" };
  }
  return { next, expected: "end" };
}

function takeString(text: string, at: number, expected: Expected): Step | JsonError {
  const next = skip(string, text, at);
  return next > at
    ? { next, expected }
    : { at, problem: "the string does not end, or holds a control character or a malformed escape" };
}

function takeEnd(character: string, at: number, open: ("{" | "[")[]): Step | JsonError {
  const bracket = open.at(-1);
  if (bracket === undefined) return { at, problem: "expected nothing after the value" };
  if (character === ",") return { next: at + 1, expected: bracket === "{" ? "name" : "value" };
  if (character === (bracket === "{" ? "}" : "]")) return close(at, open);
  return { at, problem: `expected "," or "${bracket === "{" ? "}" : "]"}"` };
}

function close(at: number, open: ("{" | "[")[]): Step {
  open.pop();
  return { next: at + 1, expected: "end" };
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
