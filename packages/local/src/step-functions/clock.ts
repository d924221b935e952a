/** Time as the interpreter sees it, so that tests need not wait. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves after `milliseconds`; rejects with the signal's reason as soon as it is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

const longestTimer = 2 ** 31 - 1;

/** A clock on real timers, longer waits than a timer can hold included. */
export function systemClock(now: () => number = Date.now): Clock {
  return {
    now,
    async sleep(milliseconds, signal) {
      for (let left = milliseconds; left > 0 || left === milliseconds; left -= longestTimer) {
        await waitOnce(Math.max(0, Math.min(left, longestTimer)), signal);
      }
    },
  };
}

function waitOnce(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
