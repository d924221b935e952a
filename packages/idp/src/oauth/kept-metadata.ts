import type { Clock } from "@countersign/core/clock";
import type { ServerMetadata } from "openid-client";

/** Metadata is read anew after a day: endpoints and the address of the keys may move. */
const maxAgeMilliseconds = 86_400_000;
/** A provider that does not answer is not asked again by each request that comes. */
const pauseMilliseconds = 1_000;
/** Metadata that is a day old still serves; a provider that fails to renew it is asked once a minute. */
const renewalPauseMilliseconds = 60_000;

/** Keeps what discovery found. */
export class KeptMetadata {
  readonly #discover: () => Promise<ServerMetadata>;
  readonly #clock: Clock;
  #found: { readonly metadata: ServerMetadata; readonly at: number } | undefined;
  #failed: { readonly error: unknown; readonly at: number } | undefined;
  #waiting: Promise<ServerMetadata> | undefined;

  constructor(discover: () => Promise<ServerMetadata>, clock: Clock) {
    this.#discover = discover;
    this.#clock = clock;
  }

  /**
   * The metadata, asked for once however many wait for it, and again after a day.
   *
   * Rejects as discovery did; for a second after a failure with the same error, unasked.
   */
  async get(): Promise<ServerMetadata> {
    const found = this.#found;
    if (found && this.#isWithin(found.at, maxAgeMilliseconds)) return found.metadata;
    const failed = this.#failed;
    if (failed && this.#isWithin(failed.at, found ? renewalPauseMilliseconds : pauseMilliseconds)) {
      if (found) return found.metadata;
      throw failed.error;
    }
    this.#waiting ??= this.#ask().finally(() => {
      this.#waiting = undefined;
    });
    return this.#waiting;
  }

  async #ask(): Promise<ServerMetadata> {
    try {
      const metadata = await this.#discover();
      this.#found = { metadata, at: this.#clock.now() };
      this.#failed = undefined;
      return metadata;
    } catch (error) {
      this.#failed = { error, at: this.#clock.now() };
      if (this.#found) return this.#found.metadata;
      throw error;
    }
  }

  /** A clock set back must not stretch a wait. */
  #isWithin(since: number, milliseconds: number): boolean {
    const age = this.#clock.now() - since;
    return age >= 0 && age < milliseconds;
  }
}
