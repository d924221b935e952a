import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readStrictObject } from "./strict-json.ts";

describe("readStrictObject", () => {
  it.each([
    ["a name given twice", '{"a":1,"a":2}', "duplicate_member"],
    ["a name given twice, once escaped", '{"a":1,"\\u0061":2}', "duplicate_member"],
    ["a name given twice far down", '{"a":[{"b":{"c":1,"d":2,"c":3}}]}', "duplicate_member"],
    ["space before the colon", '{"a":1,"a" \n\t:2}', "duplicate_member"],
    ["__proto__", '{"__proto__":{}}', "forbidden_member"],
    ["__proto__ escaped and nested", '{"a":[{"\\u005f_proto__":1}]}', "forbidden_member"],
    ["nine levels of arrays", `{"a":${"[".repeat(8)}${"]".repeat(8)}}`, "too_deep"],
    ["three thousand levels", `{"a":${"[".repeat(3000)}${"]".repeat(3000)}}`, "too_deep"],
    ["a list", "[]", "not_json_object"],
    ["null", "null", "not_json_object"],
    ["nothing", "", "not_json_object"],
    ["text after the object", "{}{}", "not_json_object"],
    ["a byte order mark", "\ufeff{}", "not_json_object"],
  ])("refuses %s", (_, text, fault) => {
    expect(readStrictObject(text, 8)).toEqual({ fault });
  });

  it.each([
    ["eight levels", `{"a":${"[".repeat(7)}${"]".repeat(7)}}`],
    ["one name in two objects", '{"a":{"b":1},"c":{"b":2},"b":3}'],
    ["names and braces inside strings", '{"a":"{\\"b\\":1,\\"b\\":2}","c":"\\\\","d":["a","a","]"]}'],
  ])("takes %s", (_, text) => {
    expect(readStrictObject(text, 8)).toEqual({ object: JSON.parse(text) });
  });

  it("reads whatever JSON.stringify writes as JSON.parse does", () => {
    const json = fc.dictionary(
      fc.string().filter((name) => name !== "__proto__"),
      fc.jsonValue({ maxDepth: 4 }),
    );
    fc.assert(
      fc.property(json, (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes("__proto__"));
        expect(readStrictObject(text, 16)).toEqual({ object: JSON.parse(text) });
      }),
    );
  });

  it("finds a second member of the same name wherever it stands", () => {
    const entries = fc.uniqueArray(fc.tuple(fc.string(), fc.jsonValue({ maxDepth: 2 })), {
      minLength: 1,
      maxLength: 6,
      selector: ([name]) => name,
    });
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(), (members, pick, at) => {
        const [name = ""] = members[pick % members.length] ?? [];
        const written = members.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
        fc.pre(!written.join().includes("__proto__"));
        written.splice(at % (written.length + 1), 0, `${JSON.stringify(name)}:null`);
        expect(readStrictObject(`{${written.join(",")}}`, 16)).toEqual({ fault: "duplicate_member" });
      }),
    );
  });
});
