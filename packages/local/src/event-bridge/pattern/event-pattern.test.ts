import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileEventPattern } from "./event-pattern.ts";
import type { JsonObject } from "./json.ts";
import { compileWildcard } from "./wildcard.ts";

type Case = readonly [title: string, pattern: unknown, event: JsonObject, expected: boolean];

const exact: Case[] = [
  ["a string", { a: ["x", "y"] }, { a: "y" }, true],
  ["another string", { a: ["x"] }, { a: "X" }, false],
  ["a number", { a: [300] }, { a: 300.0 }, true],
  ["a number never equals its text", { a: [300] }, { a: "300" }, false],
  ["a large number", { a: [123456789012] }, { a: 123456789012 }, true],
  ["true", { a: [true] }, { a: true }, true],
  ["false is not true", { a: [true] }, { a: false }, false],
  ["null", { a: [null] }, { a: null }, true],
  ["null is no absent field", { a: [null] }, {}, false],
  ["null is no empty array", { a: [null] }, { a: [] }, false],
  ["the empty string", { a: [""] }, { a: "" }, true],
  ["all named fields", { a: [1], b: [2] }, { a: 1, b: 3 }, false],
  ["nested objects", { a: { b: { c: ["x"] } } }, { a: { b: { c: "x", d: 1 } } }, true],
  ["a leaf where the pattern nests", { a: { b: ["x"] } }, { a: "x" }, false],
  ["an object where the pattern has a value", { a: ["x"] }, { a: { b: "x" } }, false],
  ["keys by case", { A: ["x"] }, { a: "x" }, false],
  ["a dotted key of the pattern", { "a.b": ["x"] }, { a: { b: "x" } }, true],
  ["a dotted key of the event", { a: { b: ["x"] } }, { "a.b": "x" }, true],
  ["a dotted key that repeats a step", { "a.b": { b: ["x"] } }, { a: { b: "x" } }, false],
  ["a key named like an object method", { toString: ["x"] }, {}, false],
];

const arrays: Case[] = [
  ["an array that shares a value", { a: ["x", "z"] }, { a: ["y", "z"] }, true],
  ["an array that shares none", { a: ["x"] }, { a: ["y"] }, false],
  ["an array in an array", { a: ["x"] }, { a: [["y"], ["x"]] }, true],
  ["an array of objects", { a: { b: ["x"] } }, { a: [{ b: "y" }, { b: "x" }] }, true],
  ["one element that has both", { a: { b: [1], c: [2] } }, { a: [{ b: 0 }, { b: 1, c: 2 }] }, true],
  ["two elements that have one each", { a: { b: [1], c: [2] } }, { a: [{ b: 1 }, { c: 2 }] }, false],
  [
    "one element through two levels",
    { a: { b: { c: [1] }, d: [2] } },
    {
      a: [
        { b: [{ c: 1 }], d: 3 },
        { b: [{ c: 1 }], d: 2 },
      ],
    },
    true,
  ],
  [
    "elements of two arrays apart",
    { a: { x: [1] }, b: { x: [2] } },
    { a: [{ x: 1 }], b: [{}, { x: 2 }] },
    true,
  ],
];

const operators: Case[] = [
  ["prefix", { a: [{ prefix: "ab" }] }, { a: "abc" }, true],
  ["prefix by case", { a: [{ prefix: "ab" }] }, { a: "ABC" }, false],
  ["prefix on a number", { a: [{ prefix: "1" }] }, { a: 12 }, false],
  ["prefix ignoring case", { a: [{ prefix: { "equals-ignore-case": "aB" } }] }, { a: "AbC" }, true],
  ["suffix", { a: [{ suffix: ".png" }] }, { a: "x.png" }, true],
  ["suffix elsewhere", { a: [{ suffix: ".png" }] }, { a: ".pngx" }, false],
  ["suffix ignoring case", { a: [{ suffix: { "equals-ignore-case": ".PNG" } }] }, { a: "x.png" }, true],
  ["equals-ignore-case", { a: [{ "equals-ignore-case": "Alice" }] }, { a: "aLICE" }, true],
  [
    "equals-ignore-case of a longer value",
    { a: [{ "equals-ignore-case": "Alice" }] },
    { a: "alices" },
    false,
  ],
  ["wildcard in the middle", { a: [{ wildcard: "dir/*.png" }] }, { a: "dir/x/y.png" }, true],
  ["wildcard with no place for both ends", { a: [{ wildcard: "ab*ba" }] }, { a: "aba" }, false],
  ["wildcard that stands for nothing", { a: [{ wildcard: "ab*" }] }, { a: "ab" }, true],
  ["wildcard out of order", { a: [{ wildcard: "*b*a*" }] }, { a: "ab" }, false],
  ["wildcard escaped", { a: [{ wildcard: "a\\*b" }] }, { a: "a*b" }, true],
  ["wildcard escaped is literal", { a: [{ wildcard: "a\\*b" }] }, { a: "axb" }, false],
  ["wildcard with a backslash", { a: [{ wildcard: "a\\\\*" }] }, { a: "a\\b" }, true],
  ["numeric =", { a: [{ numeric: ["=", 3.018e2] }] }, { a: 301.8 }, true],
  ["numeric range", { a: [{ numeric: [">", 0, "<=", 5] }] }, { a: 5 }, true],
  ["numeric range, its lower end", { a: [{ numeric: [">", 0, "<=", 5] }] }, { a: 0 }, false],
  ["numeric <", { a: [{ numeric: ["<", 10] }] }, { a: -3 }, true],
  ["numeric >=", { a: [{ numeric: [">=", 10] }] }, { a: 9.999999 }, false],
  ["numeric on text", { a: [{ numeric: ["=", 5] }] }, { a: "5" }, false],
  ["numeric on null", { a: [{ numeric: ["<", 5] }] }, { a: null }, false],
  ["numeric beyond five billion", { a: [{ numeric: [">", 0] }] }, { a: 1_700_000_000_000 }, false],
  ["cidr", { a: [{ cidr: "10.0.0.0/24" }] }, { a: "10.0.0.255" }, true],
  ["cidr, outside", { a: [{ cidr: "10.0.0.0/24" }] }, { a: "10.0.1.1" }, false],
  ["cidr, no address", { a: [{ cidr: "10.0.0.0/24" }] }, { a: "here" }, false],
  ["cidr, IPv6", { a: [{ cidr: "2001:db8::/32" }] }, { a: "2001:db8:1::1" }, true],
  ["cidr, IPv6 outside", { a: [{ cidr: "2001:db8::/32" }] }, { a: "2001:db9::1" }, false],
];

const exists: Case[] = [
  ["a field that is there", { a: [{ exists: true }] }, { a: 0 }, true],
  ["a field that is null", { a: [{ exists: true }] }, { a: null }, true],
  ["a field that isn't there", { a: [{ exists: true }] }, { b: 0 }, false],
  ["an object is no leaf", { a: [{ exists: true }] }, { a: { b: 1 } }, false],
  ["an empty array has no leaf", { a: [{ exists: true }] }, { a: [] }, false],
  ["absence", { a: [{ exists: false }] }, { b: 0 }, true],
  ["absence of a leaf at an object", { a: [{ exists: false }] }, { a: { b: 1 } }, true],
  ["absence, yet there", { a: [{ exists: false }] }, { a: "" }, false],
  ["absence below an absent parent", { a: { b: [{ exists: false }] } }, {}, true],
  ["absence in one element only", { a: { b: [{ exists: false }] } }, { a: [{ b: 1 }, { c: 1 }] }, false],
  ["absence or a value", { a: [{ exists: false }, "x"] }, { a: "x" }, true],
  ["absence or a value, neither", { a: [{ exists: false }, "x"] }, { a: "y" }, false],
  ["absence or anything but", { a: [{ "anything-but": ["x"] }, { exists: false }] }, {}, true],
];

const anythingBut: Case[] = [
  ["one string", { a: [{ "anything-but": "x" }] }, { a: "y" }, true],
  ["the string itself", { a: [{ "anything-but": "x" }] }, { a: "x" }, false],
  ["null", { a: [{ "anything-but": "x" }] }, { a: null }, true],
  ["an absent field", { a: [{ "anything-but": "x" }] }, {}, false],
  ["a list of strings", { a: [{ "anything-but": ["x", "y"] }] }, { a: "y" }, false],
  ["a number", { a: [{ "anything-but": 0 }] }, { a: 1 }, true],
  ["a list of numbers", { a: [{ "anything-but": [100, 200] }] }, { a: 200 }, false],
  ["an array with another value", { a: [{ "anything-but": "x" }] }, { a: ["x", "y"] }, true],
  ["a prefix", { a: [{ "anything-but": { prefix: "init" } }] }, { a: "initial" }, false],
  ["a prefix, a number", { a: [{ "anything-but": { prefix: "init" } }] }, { a: 12 }, true],
  ["a list of prefixes", { a: [{ "anything-but": { prefix: ["a", "b"] } }] }, { a: "c" }, true],
  ["a suffix", { a: [{ "anything-but": { suffix: [".txt", ".rtf"] } }] }, { a: "a.rtf" }, false],
  ["a wildcard", { a: [{ "anything-but": { wildcard: "*/lib/*" } }] }, { a: "a/lib/b" }, false],
  ["an empty wildcard", { a: [{ "anything-but": { wildcard: "" } }] }, { a: "a" }, true],
  ["ignoring case", { a: [{ "anything-but": { "equals-ignore-case": ["X"] } }] }, { a: "x" }, false],
  ["ignoring case, another", { a: [{ "anything-but": { "equals-ignore-case": "X" } }] }, { a: "y" }, true],
];

const or: Case[] = [
  ["the first", { $or: [{ a: [1] }, { b: [2] }] }, { a: 1 }, true],
  ["the second", { $or: [{ a: [1] }, { b: [2] }] }, { b: 2 }, true],
  ["neither", { $or: [{ a: [1] }, { b: [2] }] }, { a: 2, b: 1 }, false],
  ["with a field beside it", { c: [3], $or: [{ a: [1] }, { b: [2] }] }, { a: 1 }, false],
  ["nested", { d: { $or: [{ a: [1] }, { $or: [{ b: [2] }, { c: [3] }] }] } }, { d: { c: 3 } }, true],
  ["with and inside", { $or: [{ a: [1], b: [2] }, { c: [3] }] }, { a: 1, c: 4 }, false],
  [
    "in one element of an array",
    { a: { x: [1], $or: [{ y: [1] }, { z: [1] }] } },
    { a: [{ x: 1 }, { y: 1 }] },
    false,
  ],
];

describe("event patterns", () => {
  for (const [group, cases] of Object.entries({
    exact,
    arrays,
    operators,
    exists,
    "anything-but": anythingBut,
    $or: or,
  })) {
    it.each(cases)(`${group}: %s`, (_title, pattern, event, expected) => {
      expect(compileEventPattern(JSON.stringify(pattern)).matches(event)).toBe(expected);
    });
  }

  it.each([
    ["[1]", "Filter is not an object"],
    ["{}", "Empty objects are not allowed"],
    ['{"a":{}}', "Empty objects are not allowed"],
    ['{"a":[]}', "Empty arrays are not allowed"],
    ['{"a":"x"}', '"a" must be an object or an array'],
    ['{"a":[["x"]]}', "Match value must be String, number, true, false, or null"],
    ['{"a":[{}]}', "Match expression name not found"],
    ['{"a":[{"EXISTS":true}]}', "Unrecognized match type EXISTS"],
    ['{"a":[{"toString":true}]}', "Unrecognized match type toString"],
    ['{"a":[{"exists":"x"}]}', "exists match pattern must be either true or false."],
    ['{"a":[{"prefix":"a","suffix":"b"}]}', "Only one key allowed in match expression"],
    ['{"a":[{"prefix":["a"]}]}', "prefix match pattern must be a string"],
    ['{"a":[{"suffix":1}]}', "suffix match pattern must be a string"],
    ['{"a":[{"equals-ignore-case":["a"]}]}', "equals-ignore-case match pattern must be a string"],
    ['{"a":[{"wildcard":1}]}', "wildcard match pattern must be a string"],
    ['{"a":[{"wildcard":"a**"}]}', "Consecutive wildcard characters at pos 2"],
    ['{"a":[{"wildcard":"a\\\\b"}]}', "Invalid escape character at pos 1"],
    ['{"a":[{"numeric":[">",0,">",0]}]}', "Bad numeric range operator: >"],
    ['{"a":[{"numeric":[">",0,"<"]}]}', "Value of < must be numeric"],
    ['{"a":[{"numeric":["=","5"]}]}', "Value of equals must be numeric"],
    ['{"a":[{"numeric":["<",5,">",0]}]}', "Too many terms in numeric range expression"],
    ['{"a":[{"numeric":[">",5,"<",5]}]}', "Bottom must be less than top"],
    ['{"a":[{"numeric":["!",5]}]}', "Unrecognized numeric range operator: !"],
    ['{"a":[{"numeric":[">",6000000000]}]}', "Value must be between"],
    ['{"a":[{"cidr":"10.0.0.1"}]}', "Malformed CIDR, one '/' required"],
    ['{"a":[{"cidr":"10.0.0.0/x"}]}', "Malformed CIDR, mask bits must be an integer"],
    ['{"a":[{"cidr":"xx.11.xx/8"}]}', "Nonstandard IP address: xx.11.xx"],
    ['{"a":[{"cidr":"10.0.0.0/33"}]}', "Malformed CIDR, mask bits must be <= 32"],
    ['{"a":[{"anything-but":[]}]}', "Empty arrays are not allowed"],
    ['{"a":[{"anything-but":["a",1]}]}', "Inside anything but list"],
    [
      '{"a":[{"anything-but":true}]}',
      "Value of anything-but must be an array or single string/number value.",
    ],
    ['{"a":[{"anything-but":{"prefix":""}}]}', "Null prefix/suffix not allowed"],
    ['{"a":[{"anything-but":{"prefix":1}}]}', "prefix/suffix match pattern must be a string"],
    [
      '{"a":[{"anything-but":{"prefix":{"equals-ignore-case":"x"}}}]}',
      "Value of anything-but must be an array",
    ],
    ['{"a":[{"anything-but":{"cidr":"10.0.0.0/8"}}]}', "Unsupported anything-but pattern: cidr"],
    ['{"$or":[{"a":[1]}]}', "There must have at least 2 Objects in $or relationship."],
    ['{"$or":{"a":[1]}}', "It must be an Array followed with $or."],
    ['{"$or":[{"a":[1]},1]}', "Only JSON object is allowed in array of $or relationship."],
    ['{"$or":[{"numeric":[1]},{"a":[1]}]}', "numeric is Ruler reserved fieldName"],
    ["{'a':[1]}", "JSON"],
  ])("refuses %s", (pattern, reason) => {
    const compile = () => compileEventPattern(pattern);
    expect(compile).toThrow(reason);
    expect(compile).toThrow("Event pattern is not valid. Reason: ");
  });

  it("matches every event by a pattern made of its own leaves", () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    const object = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), leaf, { minKeys: 1 });
    fc.assert(
      fc.property(object, object, (outer, inner) => {
        const pattern = { ...toPattern(outer), in: toPattern(inner) };
        expect(compileEventPattern(JSON.stringify(pattern)).matches({ ...outer, in: inner })).toBe(true);
      }),
    );
  });

  it("never matches both a value and anything but it", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (expected, value) => {
        const same = compileEventPattern(JSON.stringify({ a: [expected] })).matches({ a: value });
        const other = compileEventPattern(JSON.stringify({ a: [{ "anything-but": expected }] })).matches({
          a: value,
        });
        expect(same).toBe(!other);
      }),
    );
  });

  it("finds each wildcard expression in what it was cut from", () => {
    const parts = fc.array(fc.stringMatching(/^[ab]{0,3}$/), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(parts, fc.stringMatching(/^[ab]{0,4}$/), (texts, filler) => {
        const literals = texts.filter((text, index) => index === 0 || text !== "");
        expect(compileWildcard(literals.join("*"))(literals.join(filler))).toBe(true);
      }),
    );
  });

  it("agrees with a regular expression on wildcards", () => {
    const expression = fc.stringMatching(/^[ab*]{0,6}$/).filter((text) => !text.includes("**"));
    fc.assert(
      fc.property(expression, fc.stringMatching(/^[ab]{0,8}$/), (text, value) => {
        expect(compileWildcard(text)(value)).toBe(new RegExp(`^${text.replaceAll("*", ".*")}$`).test(value));
      }),
    );
  });
});

function toPattern(object: Record<string, unknown>): Record<string, unknown[]> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, [value]]));
}
