import { describe, expect, test } from "vitest";
import { durationSeconds } from "./duration.ts";

describe("a duration", () => {
  test.each([
    ["1s", 1],
    ["90s", 90],
    ["15m", 900],
    ["1h", 3_600],
    ["7d", 604_800],
    ["007m", 420],
  ])("%s is %i seconds", (text, seconds) => {
    expect(durationSeconds(text)).toBe(seconds);
  });

  test.each([
    "",
    "0s",
    "15",
    "m",
    "1.5h",
    "-1h",
    "1w",
    "1H",
    " 1h",
    "1h ",
    "1h30m",
    "9999999999s",
    "1e3s",
  ])("is not %j", (text) => {
    expect(durationSeconds(text)).toBeUndefined();
  });
});
