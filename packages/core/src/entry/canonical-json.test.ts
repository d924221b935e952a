import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalBytes, canonicalJson, type LedgerValue } from "./canonical-json.ts";

const wellFormed = fc.string({ unit: "binary" });
const integer = fc.maxSafeInteger().map((value) => (Object.is(value, -0) ? 0 : value));
const { value: ledgerValue } = fc.letrec<{ value: LedgerValue; object: Record<string, LedgerValue> }>(
  (tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      wellFormed,
      integer,
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 5 }),
      tie("object"),
    ),
    object: fc.dictionary(wellFormed, tie("value"), { maxKeys: 6, noNullPrototype: true }),
  }),
);

describe("canonical JSON (RFC 8785)", () => {
  test("sorts the names of RFC 8785 §3.2.3 by UTF-16 code units", () => {
    const value = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    expect(Object.values(JSON.parse(canonicalJson(value)))).toHaveLength(7);
    expect(canonicalJson(value)).toBe(
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis",' +
        '"€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    );
  });

  test("an astral name comes before U+FB33, though its code point is higher", () => {
    expect(canonicalJson({ "\ufb33": 1, "\u{1f600}": 2 })).toBe('{"😀":2,"\ufb33":1}');
  });

  test("escapes strings as in RFC 8785 §3.2.2.2 and nothing more", () => {
    const text = "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\u002f";
    expect(canonicalJson(text)).toBe('"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"');
    expect(canonicalJson("\b\t\n\f\r\u0000\u001f\u007f\u2028")).toBe(
      '"\\b\\t\\n\\f\\r\\u0000\\u001f\u007f\u2028"',
    );
  });

  test("writes literals, empty containers and nested arrays without space", () => {
    const value = {
      literals: [null, true, false],
      empty: [{}, []],
      order: { b: [56, { d: true, "": 10 }], a: "" },
    };
    expect(canonicalJson(value)).toBe(
      '{"empty":[{},[]],"literals":[null,true,false],"order":{"a":"","b":[56,{"":10,"d":true}]}}',
    );
  });

  test("writes safe integers in full and -0 as 0", () => {
    expect(canonicalJson([0, -0, -1, 9007199254740991, -9007199254740991])).toBe(
      "[0,0,-1,9007199254740991,-9007199254740991]",
    );
  });

  test.each([
    0.5,
    1e-7,
    1e21,
    2 ** 53,
    -(2 ** 53),
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ])("refuses the number %s", (value) => {
    expect(() => canonicalJson({ value })).toThrow(TypeError);
  });

  test.each([
    ["a bigint", 1n],
    ["a function", () => 1],
    ["a symbol", Symbol("s")],
    ["undefined", undefined],
    ["undefined in an array", [undefined]],
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is refused
    ["a hole in an array", [1, , 2]],
  ])("refuses %s", (_name, value) => {
    expect(() => canonicalJson(value as unknown as LedgerValue)).toThrow(TypeError);
  });

  test("leaves members out that are undefined", () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  test("replaces lone surrogates by U+FFFD in names and values, and keeps pairs", () => {
    expect(canonicalJson({ "a\ud800": "\udead b", pair: "\ud83d\ude00" })).toBe(
      '{"a\ufffd":"\ufffd b","pair":"😀"}',
    );
  });

  test("refuses names that are one name once lone surrogates are replaced", () => {
    expect(() => canonicalJson({ "\ud800": 1, "\ud801": 2 })).toThrow(TypeError);
  });

  test("keeps a member named __proto__", () => {
    const value = JSON.parse('{"__proto__":{"a":1}}') as LedgerValue;
    expect(canonicalJson(value)).toBe('{"__proto__":{"a":1}}');
  });

  test("its bytes are UTF-8", () => {
    expect(Buffer.from(canonicalBytes("é😀")).toString("hex")).toBe("22c3a9f09f988022");
  });

  test("parses back to an equal value", () => {
    fc.assert(
      fc.property(ledgerValue, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(value);
      }),
    );
  });

  test("is the same for members in any order, and of its own parse", () => {
    fc.assert(
      fc.property(ledgerValue, fc.infiniteStream(fc.nat()), (value, random) => {
        const canonical = canonicalJson(value);
        expect(canonicalJson(shuffled(value, random))).toBe(canonical);
        expect(canonicalJson(JSON.parse(canonical))).toBe(canonical);
      }),
    );
  });
});

function shuffled(value: LedgerValue, random: Iterator<number>): LedgerValue {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item: LedgerValue) => shuffled(item, random));
  const keyed = Object.entries(value).map((member) => ({ member, at: random.next().value as number }));
  keyed.sort((a, b) => a.at - b.at);
  return Object.fromEntries(
    keyed.map(({ member: [name, inner] }) => [name, shuffled(inner ?? null, random)]),
  );
}
