import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "../json.ts";
import { checkIntrinsic, evaluateIntrinsic } from "./intrinsic.ts";
import { intrinsicFunctions } from "./intrinsic-functions.ts";

const evaluate = (text: string, data: Json = {}) =>
  evaluateIntrinsic(text, { data, context: { Execution: { Name: "run" } }, variables: { v: 4 } }, "x.$");

describe("an intrinsic function", () => {
  test.each<[string, Json, Json?]>([
    ["States.Array($.a, 'x', null, true, 1.5)", [1, "x", null, true, 1.5], { a: 1 }],
    ["States.Array()", []],
    ["States.ArrayPartition($.a, 2)", [[1, 2], [3]], { a: [1, 2, 3] }],
    ["States.ArrayContains($.a, $.b)", true, { a: [{ x: 1, y: 2 }], b: { y: 2, x: 1 } }],
    ["States.ArrayRange(1, 9, 4)", [1, 5, 9]],
    ["States.ArrayRange(3, 1, -1)", [3, 2, 1]],
    ["States.ArrayGetItem($.a, 1)", 2, { a: [1, 2] }],
    ["States.ArrayLength($.a)", 2, { a: [1, 2] }],
    ["States.ArrayUnique($.a)", [1, [2], 3], { a: [1, [2], 1, [2], 3] }],
    ["States.Base64Encode('héllo')", "aMOpbGxv"],
    ["States.Base64Decode('aMOpbGxv')", "héllo"],
    ["States.Hash('a', 'SHA-256')", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"],
    ["States.JsonMerge($.a, $.b, false)", { x: 1, y: 3, z: 4 }, { a: { x: 1, y: 2 }, b: { y: 3, z: 4 } }],
    ["States.JsonToString($.a)", '{"x":[1]}', { a: { x: [1] } }],
    ["States.StringToJson($.a)", { x: 1 }, { a: '{"x":1}' }],
    ["States.StringSplit('1.2+3', '.+')", ["1", "2", "3"]],
    ["States.MathAdd($v, -1)", 3],
    [
      "States.Format('{} is {}, \\{\\} stays, it\\'s {}', 'a', $.n, $$.Execution.Name)",
      "a is 2, {} stays, it's run",
      { n: 2 },
    ],
    ["States.Format('{}', States.Array(1, States.MathAdd(1, 1)))", "[1,2]"],
    ["States.Array($.a[0], $['b c'])", [1, 2], { a: [1], "b c": 2 }],
  ])("%s", (text, expected, data) => {
    expect(evaluate(text, data ?? {})).toEqual(expected);
  });

  test("States.UUID makes a version 4 UUID, States.MathRandom a number in range, the same for a seed", () => {
    expect(evaluate("States.UUID()")).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(evaluate("States.MathRandom(3, 4)")).toBe(3);
    expect(evaluate("States.MathRandom(0, 1000000, 7)")).toBe(evaluate("States.MathRandom(0, 1000000, 7)"));
  });

  test("all eighteen functions of AWS are there", () => {
    expect(intrinsicFunctions.size).toBe(18);
  });

  test.each([
    ["States.Nope()", /intrinsic function "States\.Nope" is unknown/],
    ["States.Array(1", /lacks "," or "\)"/],
    ["States.Array(1) x", /goes on after its closing/],
    ["States.Array(nope)", /has no argument/],
  ])("%s is refused", (text, message) => {
    expect(() => checkIntrinsic(text)).toThrow(message);
  });

  test.each([
    "States.ArrayGetItem($.a, 9)",
    "States.MathAdd('1', 2)",
    "States.Format('{} {}', 1)",
    "States.ArrayRange(0, 5000, 1)",
    "States.Hash('a', 'CRC')",
    "States.JsonMerge($.a, $.a, true)",
  ])("%s fails as States.IntrinsicFailure", (text) => {
    expect(() => evaluate(text, { a: [] })).toThrow(/^States\.IntrinsicFailure: The function 'States\./);
  });

  test("what is encoded decodes to itself", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(evaluate("States.Base64Decode(States.Base64Encode($.t))", { t: text })).toBe(text);
      }),
    );
  });

  test("what is written as JSON reads back the same", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const data = JSON.parse(JSON.stringify({ v: value })) as Json;
        expect({ v: evaluate("States.StringToJson(States.JsonToString($.v))", data) }).toEqual(data);
      }),
    );
  });
});
