import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../clock.ts";

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock whose time moves to the next sleeper's end as soon as nothing else is left to do. */
export interface VirtualClock extends Clock {
  /** The milliseconds of every sleep that was slept to its end, in order. */
  readonly slept: number[];
}

const idleTurns = 30;

/** Makes a virtual clock; `isFrozen` keeps its time where it is. */
export function virtualClock(start: number, isFrozen = false): VirtualClock {
  const sleepers = new Set<Sleeper>();
  const slept: number[] = [];
  let now = start;
  let isTurning = false;

  const turn = async () => {
    isTurning = true;
    while (sleepers.size > 0 && !isFrozen) {
      for (let idle = 0; idle < idleTurns; idle += 1) await nextTurn();
      const [first] = [...sleepers].sort((left, right) => left.at - right.at);
      if (!first) break;
      now = Math.max(now, first.at);
      first.wake();
    }
    isTurning = false;
  };

  return {
    slept,
    now: () => now,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        const onAbort = () => {
          sleepers.delete(sleeper);
          reject(signal.reason);
        };
        const wake = () => {
          sleepers.delete(sleeper);
          signal.removeEventListener("abort", onAbort);
          slept.push(milliseconds);
          resolve();
        };
        const sleeper = { at: now + milliseconds, wake };
        sleepers.add(sleeper);
        signal.addEventListener("abort", onAbort, { once: true });
        if (!isTurning) void turn();
      }),
  };
}
