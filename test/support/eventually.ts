import { setTimeout as sleep } from "node:timers/promises";

const patienceMs = 30_000;

/** Looks again and again until there is something. @throws {Error} saying what was waited for. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await sleep(50);
  }
  throw new Error(`waited ${patienceMs / 1000} s in vain for ${what}`);
}
