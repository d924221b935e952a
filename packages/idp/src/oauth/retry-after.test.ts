import fc from "fast-check";
import { expect, test } from "vitest";
import { retryAfterSeconds } from "./retry-after.ts";

const now = Date.parse("2026-03-01T12:00:00Z");

test.each<[string | null | undefined, number | undefined]>([
  ["0", 0],
  ["120", 120],
  ["Sun, 01 Mar 2026 12:02:00 GMT", 120],
  ["Sunday, 01-Mar-26 12:02:00 GMT", 120],
  ["Sun Mar  1 12:02:00 2026", 120],
  ["Sun, 01 Mar 2026 11:00:00 GMT", 0],
  [null, undefined],
  [undefined, undefined],
  ["", undefined],
  ["-5", undefined],
  ["1.5", undefined],
  ["+5", undefined],
  ["1e3", undefined],
  ["0x10", undefined],
  ["2026", 2026],
  ["12345678901", undefined],
  ["5, 10", undefined],
  ["soon", undefined],
  ["soon 1", undefined],
  ["2026-03-01T12:02:00Z", undefined],
])("%s is %s seconds", (header, seconds) => {
  expect(retryAfterSeconds(header, now)).toBe(seconds);
});

test("part of a second counts as one, so that nobody comes early", () => {
  expect(retryAfterSeconds("Sun, 01 Mar 2026 12:00:01 GMT", now + 1)).toBe(1);
});

test("any date in the form of RFC 9110 is read to the second", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), (at) => {
      const seconds = retryAfterSeconds(new Date(at * 1000).toUTCString(), now);
      expect(seconds).toBe(Math.max(0, at - now / 1000));
    }),
  );
});

test("any text is a whole number of seconds from zero on, or nothing", () => {
  fc.assert(
    fc.property(fc.string(), (header) => {
      const seconds = retryAfterSeconds(header, now);
      expect(seconds === undefined || (Number.isSafeInteger(seconds) && seconds >= 0)).toBe(true);
    }),
  );
});
