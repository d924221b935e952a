import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "../json.ts";
import { findByPath } from "./json-path.ts";
import { parsePath } from "./json-path-syntax.ts";
import { applyResultPath } from "./result-path.ts";

const data: Json = {
  a: { "b c": [1, 2, { d: 3 }], n: null },
  list: [{ k: 1 }, { k: 2 }, { z: 0 }],
  "x.y": "dotted",
  "it's": "quoted",
};
const context: Json = { Execution: { Id: "arn" } };
const variables = { v: { w: [9] } };
const find = (path: string) => findByPath(path, { data, context, variables });

describe("a JSONPath", () => {
  test.each<[string, Json | undefined]>([
    ["$", data],
    ["$.a['b c'][0]", 1],
    ["$.a['b c'][-1].d", 3],
    ["$['a'][\"b c\"][2]['d']", 3],
    ["$['x.y']", "dotted"],
    ["$['it\\'s']", "quoted"],
    ["$.a.n", null],
    ["$.nope", undefined],
    ["$.a['b c'][7]", undefined],
    ["$.list[*].k", [1, 2]],
    ["$.list[0,2]", [{ k: 1 }, { z: 0 }]],
    ["$.list[1:]", [{ k: 2 }, { z: 0 }]],
    ["$.list[:1].k", [1]],
    ["$.list[*].nope", []],
    ["$..k", [1, 2]],
    ["$..['d']", [3]],
    ["$['x.y','nope']", ["dotted"]],
    ["$.a.*", [[1, 2, { d: 3 }], null]],
    ["$$.Execution.Id", "arn"],
    ["$v.w[0]", 9],
    ["$unset", undefined],
  ])("%s", (path, expected) => {
    expect(find(path)).toEqual(expected);
  });

  test.each([
    ["$.l[?(@.k==1)]", /filter in path .* is not supported here/],
    ["$.l[(@.length-1)]", /script in path .* is not supported here/],
    ["$.l.length()", /path function "length\(\)" is not supported here/],
    ["$.l[0:4:2]", /is not supported here/],
    ["a.b", /does not start with "\$"/],
    ["$.", /cannot be read/],
    ["$.a[", /lacks a "\]"/],
    ["$..", /ends in "\.\."|cannot be read/],
  ])("%s is refused", (path, message) => {
    expect(() => parsePath(path)).toThrow(message);
  });

  test("finds what ResultPath has put there, and leaves the rest", () => {
    const key = fc.string({ minLength: 1 }).filter((name) => !/['\\]/.test(name));
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.jsonValue()),
        fc.array(key, { minLength: 1, maxLength: 3 }),
        (input, keys) => {
          const fresh = keys.map((name) => `new ${name}`);
          const path = `$${fresh.map((name) => `['${name}']`).join("")}`;
          const output = applyResultPath(path, input as Json, "result");
          expect(findByPath(path, { data: output, context: null, variables: {} })).toBe("result");
          const { [fresh[0] ?? ""]: _added, ...others } = output as Record<string, Json>;
          expect(others).toEqual(input);
        },
      ),
    );
  });
});
