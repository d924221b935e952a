import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findJsonError, positionOf } from "./json-error.ts";

const hasHugeInteger = (text: string): boolean => /\d{16}/.test(text);

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("the first place that is not JSON", () => {
  it.each([
    ["", 0, "the text ends, expected a value"],
    ['{"a":1', 6, 'the text ends, expected "," or the closing bracket'],
    ['{"a" 1}', 5, 'expected ":"'],
    ["{a: 1}", 1, 'expected a name in double quotes or "}"'],
    ['{"a":1,}', 7, "expected a name in double quotes"],
    ["[1,]", 3, "expected a value"],
    ["[1 2]", 3, 'expected "," or "]"'],
    ['{"a":[1}', 7, 'expected "," or "]"'],
    ["{'a': 1}", 1, 'expected a name in double quotes or "}"'],
    ['{"a":"b', 5, "the string does not end, or holds a control character or a malformed escape"],
    ['{"a":"\\x"}', 5, "the string does not end, or holds a control character or a malformed escape"],
    ['{"a":1} x', 8, "expected nothing after the value"],
    ['{"a":01}', 6, 'expected "," or "}"'],
    ['{"a":9007199254740993}', 5, "the integer is beyond 2^53 and would lose digits, send it as a string"],
  ])("of %s is offset %i", (text, at, problem) => {
    expect(findJsonError(text)).toEqual({ at, problem });
  });

  it("does not exist in what JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 0, max: 4 }), (json, indent) => {
        const text = JSON.stringify(JSON.parse(json), null, indent);
        fc.pre(!hasHugeInteger(text));
        expect(findJsonError(text)).toBeUndefined();
      }),
    );
  });

  it("exists exactly where JSON.parse refuses a text", () => {
    const broken = fc
      .tuple(
        fc.json({ maxDepth: 3 }),
        fc.nat(),
        fc.nat({ max: 3 }),
        fc.constantFrom(...'{}[],:"\\0e-. \n\tax'),
      )
      .map(([json, at, length, text]) => {
        const start = at % (json.length + 1);
        return json.slice(0, start) + text + json.slice(start + length);
      });
    fc.assert(
      fc.property(broken, (text) => {
        fc.pre(!hasHugeInteger(text));
        expect(findJsonError(text) === undefined).toBe(parses(text));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a position", () => {
  it("counts lines and columns from 1", () => {
    expect(positionOf("ab\ncd", 0)).toEqual({ line: 1, column: 1 });
    expect(positionOf("ab\ncd", 4)).toEqual({ line: 2, column: 2 });
  });
});
