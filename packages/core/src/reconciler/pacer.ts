import type { Clock } from "../clock.ts";

/** What a pacer goes by. */
export interface PacerOptions {
  /** Calls let through in a second, in the long run. */
  readonly perSecond: number;
  /** Calls let through at once after a pause; one unless given. */
  readonly burst?: number;
  readonly clock: Clock;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** A token bucket: lets calls through no faster than a rate, in the order they came. */
export class Pacer {
  readonly #options: PacerOptions;
  readonly #intervalMs: number;
  /** When the bucket will be full again, as far as calls are let through by now. */
  #fullAt = 0;

  constructor(options: PacerOptions) {
    this.#options = options;
    this.#intervalMs = 1000 / options.perSecond;
  }

  /** Resolves when it is the caller's turn. */
  async turn(): Promise<void> {
    const { clock, sleep, burst = 1 } = this.#options;
    const now = clock.now();
    this.#fullAt = Math.max(now, this.#fullAt) + this.#intervalMs;
    const wait = this.#fullAt - burst * this.#intervalMs - now;
    if (wait > 0) await sleep(wait);
  }
}
