import type { Clock } from "../clock.ts";
import { OutcomeUnknownError } from "../error/errors.ts";
import { minuteMs, type RefusalCounters, type RefusalKey } from "./refusal-counters.ts";

export interface RefusalCountDeps {
  readonly clock: Clock;
  readonly counters: RefusalCounters;
  /** Told of what could not be written; an answer never waits for more than the try. */
  readonly onFailure: (error: unknown, refusals: RefusalKey & { readonly count: number }) => void;
}

/** Counts the refusals of one instance of a function. Neither method ever rejects. */
export interface RefusalCount {
  /** Counts one refusal; resolves when there is nothing left to write for now. */
  count(reason: string, sourcePrefix: string): Promise<void>;
  /** Writes what is left of a minute that is over. */
  settle(): Promise<void>;
}

/** Distinct pairs of reason and prefix an instance keeps apart in a minute. */
export const maxPairs = 64;
/** The prefix of all that came after those. */
export const otherSources = "other";

/**
 * Counts in memory and writes when a count reaches a power of two, and the rest with the first request of
 * another minute: n refusals buy at most log2(n) + 2 writes.
 *
 * An instance that gets no further request keeps the rest, less than half of what it counted.
 */
export function createRefusalCount(deps: RefusalCountDeps): RefusalCount {
  return new InstanceCount(deps);
}

interface Tally {
  readonly key: RefusalKey;
  counted: number;
  written: number;
}

class InstanceCount implements RefusalCount {
  readonly #deps: RefusalCountDeps;
  #minute = 0;
  #tallies = new Map<string, Tally>();
  #pairs = 0;

  constructor(deps: RefusalCountDeps) {
    this.#deps = deps;
  }

  async count(reason: string, sourcePrefix: string): Promise<void> {
    const over = this.#turnMinute();
    const tally = this.#tallyOf(reason, sourcePrefix);
    tally.counted += 1;
    await this.#write(isPowerOfTwo(tally.counted) ? [...over, tally] : over);
  }

  async settle(): Promise<void> {
    await this.#write(this.#turnMinute());
  }

  /** The tallies of a minute that is over, which from now on nothing is counted in. */
  #turnMinute(): readonly Tally[] {
    const now = this.#deps.clock.now();
    const minute = now - (now % minuteMs);
    if (minute === this.#minute) return [];
    const over = [...this.#tallies.values()].filter(({ counted, written }) => counted > written);
    this.#minute = minute;
    this.#tallies = new Map();
    this.#pairs = 0;
    return over;
  }

  #tallyOf(reason: string, prefix: string): Tally {
    const known = this.#tallies.get(`${reason} ${prefix}`);
    if (known) return known;
    if (prefix !== otherSources && this.#pairs === maxPairs) return this.#tallyOf(reason, otherSources);
    if (prefix !== otherSources) this.#pairs += 1;
    const key = { minute: this.#minute, reason, sourcePrefix: prefix };
    const tally = { key, counted: 0, written: 0 };
    this.#tallies.set(`${reason} ${prefix}`, tally);
    return tally;
  }

  async #write(tallies: readonly Tally[]): Promise<void> {
    await Promise.all(tallies.map((tally) => this.#writeOne(tally)));
  }

  async #writeOne(tally: Tally): Promise<void> {
    const count = tally.counted - tally.written;
    // Before the answer, so that a request beside this one does not write the same again.
    tally.written += count;
    try {
      await this.#deps.counters.add(tally.key, count);
    } catch (error) {
      if (!(error instanceof OutcomeUnknownError)) tally.written -= count;
      this.#deps.onFailure(error, { ...tally.key, count });
    }
  }
}

function isPowerOfTwo(count: number): boolean {
  return Number.isInteger(Math.log2(count));
}
