import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTime } from "./time-input.ts";

const now = Date.UTC(2026, 10, 24, 4, 0, 0);
const read = (text: string): number => readTime(text, "--since", now);

describe("a time", () => {
  it.each([
    ["30s", 30_000],
    ["15m", 900_000],
    ["2h", 7_200_000],
    ["7d", 604_800_000],
    ["0s", 0],
  ])("%s is that long ago", (text, millis) => {
    expect(read(text)).toBe(now - millis);
  });

  it("is ISO 8601, with its offset or else local", () => {
    expect(read("2026-11-24T04:00Z")).toBe(now);
    expect(read("2026-11-24T05:30:00.250+01:30")).toBe(now + 250);
    expect(read("2026-11-24T04:00")).toBe(new Date(2026, 10, 24, 4).getTime());
  });

  it("is the local midnight for a date alone", () => {
    expect(read("2026-11-24")).toBe(new Date(2026, 10, 24).getTime());
  });

  it.each([
    "",
    "yesterday",
    "15",
    "15 m",
    "-5m",
    "1.5h",
    "2w",
    "2026-13-01",
    "2026-11-24T25:00Z",
    "1764000000000",
  ])('is not "%s"', (text) => {
    expect(() => read(text)).toThrow(`--since is "${text}", which is not a time`);
  });

  it("reads back every instant that JavaScript writes", () => {
    const dates = fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(dates, (date) => {
        expect(read(date.toISOString())).toBe(date.getTime());
      }),
    );
  });
});
