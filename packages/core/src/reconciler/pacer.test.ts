import fc from "fast-check";
import { expect, test } from "vitest";
import { Pacer } from "./pacer.ts";

/** Time that passes only while somebody sleeps. */
class SleepingClock {
  at = 1_000;

  readonly now = () => this.at;
  readonly sleep = async (milliseconds: number) => {
    this.at += milliseconds;
  };
}

/** The times at which calls got their turn, each asked for some time after the one before had its own. */
async function turnsAfter(pauses: readonly number[], perSecond: number, burst: number): Promise<number[]> {
  const clock = new SleepingClock();
  const pacer = new Pacer({ perSecond, burst, clock, sleep: clock.sleep });
  const turns: number[] = [];
  for (const pause of pauses) {
    clock.at += pause;
    await pacer.turn();
    turns.push(clock.at);
  }
  return turns;
}

test("lets the first call through at once, and those after it at the rate", async () => {
  expect(await turnsAfter([0, 0, 0, 0], 5, 1)).toEqual([1_000, 1_200, 1_400, 1_600]);
});

test("lets a burst through after a pause, and no more than a burst however long the pause", async () => {
  expect(await turnsAfter([0, 0, 0, 60_000, 0, 0], 10, 2)).toEqual([
    1_000, 1_000, 1_100, 61_100, 61_100, 61_200,
  ]);
});

test("gives callers that come at once turns one after the other", async () => {
  const waits: number[] = [];
  const sleep = async (milliseconds: number) => {
    waits.push(milliseconds);
  };
  const pacer = new Pacer({ perSecond: 4, clock: { now: () => 0 }, sleep });
  await Promise.all([pacer.turn(), pacer.turn(), pacer.turn()]);
  expect(waits).toEqual([250, 500]);
});

test("in no second are there more turns than the rate and a burst", async () => {
  const pauses = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 60 });
  const rates = { perSecond: fc.integer({ min: 1, max: 20 }), burst: fc.integer({ min: 1, max: 5 }) };
  await fc.assert(
    fc.asyncProperty(pauses, fc.record(rates), async (asked, { perSecond, burst }) => {
      const turns = await turnsAfter(asked, perSecond, burst);
      for (const from of turns) {
        const within = turns.filter((at) => at >= from && at < from + 1_000 - 1e-6);
        expect(within.length).toBeLessThanOrEqual(perSecond + burst);
      }
    }),
  );
});
