import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columnsOf, cut, neutralize, safeJson, withoutTokens, wrap } from "./text.ts";

const texts = fc.string({ unit: "grapheme", maxLength: 60 });
const anything = fc.string({ unit: "binary", maxLength: 60 });
const steering = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

describe("neutralize", () => {
  it("makes escape sequences and direction marks visible", () => {
    expect(neutralize("\u001b[2Jgone\u202etxt\r\n")).toBe("\\u{1b}[2Jgone\\u{202e}txt\\u{d}\\u{a}");
  });

  it("leaves no character that steers a terminal, and changes nothing else", () => {
    fc.assert(
      fc.property(anything, (text) => {
        const safe = neutralize(text);
        expect(safe).not.toMatch(steering);
        if (!steering.test(text)) expect(safe).toBe(text);
      }),
    );
  });
});

describe("safeJson", () => {
  it("is the same value, without a character that steers a terminal", () => {
    fc.assert(
      fc.property(fc.dictionary(anything, anything), (value) => {
        const json = safeJson(value);
        expect(json).not.toMatch(steering);
        expect(JSON.parse(json)).toEqual({ ...value });
      }),
    );
  });
});

describe("withoutTokens", () => {
  it("takes out what looks like a JSON Web Token, and what follows Bearer", () => {
    expect(withoutTokens("got eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln here")).toBe("got [token] here");
    expect(withoutTokens("Authorization: Bearer 9f8e7d6c5b4a_-~")).toBe("Authorization: Bearer [token]");
    expect(withoutTokens("expected a bearer token")).toBe("expected a bearer token");
  });
});

describe("width", () => {
  it("counts wide characters twice and combining marks not at all", () => {
    expect(["abc", "支払い", "e\u0301", "🙂", "ﾊﾝ", "한글"].map(columnsOf)).toEqual([3, 6, 1, 2, 2, 4]);
  });

  it("cuts between characters, never within one", () => {
    expect(cut("payments-app", 12)).toBe("payments-app");
    expect(cut("payments-app", 11)).toBe("payments-a…");
    expect(cut("支払い担当", 6)).toBe("支払…");
    expect(cut("支払い担当", 7)).toBe("支払い…");
    expect(cut("👩🏽‍🚒👩🏽‍🚒", 3)).toBe("👩🏽‍🚒…");
  });

  it("never cuts to more than the width, and keeps what fits", () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 40 }), (text, width) => {
        expect(columnsOf(cut(text, width))).toBeLessThanOrEqual(width);
        if (columnsOf(text) <= width) expect(cut(text, width)).toBe(text);
      }),
    );
  });

  it("wraps at spaces, and breaks only words that do not fit", () => {
    expect(wrap("payout:start payout:admin", 14)).toEqual(["payout:start", "payout:admin"]);
    expect(wrap("a bb ccccccc", 4)).toEqual(["a bb", "cccc", "ccc"]);
  });

  it("wraps to the width without losing a character", () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 2, max: 40 }), (text, width) => {
        const lines = wrap(text, width);
        for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(width);
        expect(lines.join("").replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
      }),
    );
  });
});
