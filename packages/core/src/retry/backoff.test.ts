import fc from "fast-check";
import { expect, test } from "vitest";
import { backoffSeconds, maxBackoffSeconds } from "./backoff.ts";

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("waits grow with each try and stay within half and the whole of the doubled wait", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), random, (tries, share) => {
      const full = Math.min(2 * 2 ** (tries - 1), maxBackoffSeconds);
      const seconds = backoffSeconds({ tries, retryAfterSeconds: undefined, random: share });
      expect(Number.isInteger(seconds)).toBe(true);
      expect(seconds).toBeGreaterThanOrEqual(full / 2);
      expect(seconds).toBeLessThanOrEqual(full);
    }),
  );
});

test("a wait is never shorter than what was asked for, nor an hour longer than asked in error", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.double({ min: -10, max: 1e9, noNaN: true }),
      random,
      (tries, retryAfterSeconds, share) => {
        const seconds = backoffSeconds({ tries, retryAfterSeconds, random: share });
        expect(seconds).toBeGreaterThanOrEqual(Math.min(retryAfterSeconds, 3_600));
        expect(seconds).toBeLessThanOrEqual(3_600);
      },
    ),
  );
});

test("twenty tries last between one and a half and three hours", () => {
  const sum = (share: number) =>
    Array.from({ length: 19 }, (_, index) =>
      backoffSeconds({ tries: index + 1, retryAfterSeconds: undefined, random: share }),
    ).reduce((total, seconds) => total + seconds, 0);
  expect(sum(0)).toBeGreaterThan(1.3 * 3_600);
  expect(sum(0.999)).toBeLessThan(3 * 3_600);
});
