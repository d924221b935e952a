import { describe, expect, it } from "vitest";
import { readScopes, readWhole } from "./option-values.ts";

describe("a whole number", () => {
  it("is what it says", () => {
    expect(readWhole("50", "--limit")).toBe(50);
    expect(readWhole("1024", "--port", 1024, 65_530)).toBe(1024);
  });

  it.each([
    "",
    "0",
    "-1",
    "1.5",
    "1e3",
    "0x10",
    " 5",
    "ten",
    "99999999999999999999",
  ])('is not "%s"', (text) => {
    expect(() => readWhole(text, "--limit")).toThrow(
      `--limit is "${text}", expected a whole number of at least 1`,
    );
  });

  it("keeps to its range", () => {
    expect(() => readWhole("65531", "--port", 1024, 65_530)).toThrow(
      "expected a whole number from 1024 to 65530",
    );
  });
});

describe("scopes", () => {
  it("add up, and are split at spaces", () => {
    expect(readScopes("b c", ["a"])).toEqual(["a", "b", "c"]);
  });

  it("are at least one", () => {
    expect(() => readScopes(" ")).toThrow("expected the name of a scope");
  });
});
