import type { Clock } from "@countersign/core/clock";

/** Reads a client secret by the name the configuration gives it; `refresh` asks past any cache. */
export type ClientSecretReader = (secretName: string, refresh?: boolean) => Promise<string>;

/** A provider that refuses a client may go on to: its secret is then not read anew more often than this. */
const pauseMilliseconds = 1_000;

/** The secret of Countersign's client at one issuer, through a rotation. */
export class ClientSecret {
  readonly #name: string;
  readonly #read: ClientSecretReader;
  readonly #clock: Clock;
  #renewal: { readonly secret: Promise<string>; readonly at: number } | undefined;

  constructor(name: string, read: ClientSecretReader, clock: Clock) {
    this.#name = name;
    this.#read = read;
    this.#clock = clock;
  }

  /** The secret as it is known. */
  current(): Promise<string> {
    return this.#read(this.#name);
  }

  /**
   * Another secret than the one the provider refused, or undefined when there is none.
   *
   * However many requests were refused with one secret, it is read anew once: the others find what that read gave.
   */
  async afterRefusal(refused: string): Promise<string | undefined> {
    const known = await this.current();
    if (known !== refused) return known;
    const secret = await this.#renew();
    return secret === refused ? undefined : secret;
  }

  #renew(): Promise<string> {
    const age = this.#renewal ? this.#clock.now() - this.#renewal.at : Number.POSITIVE_INFINITY;
    if (this.#renewal && age >= 0 && age < pauseMilliseconds) return this.#renewal.secret;
    const renewal = { secret: this.#read(this.#name, true), at: this.#clock.now() };
    this.#renewal = renewal;
    renewal.secret.catch(() => {
      if (this.#renewal === renewal) this.#renewal = undefined;
    });
    return renewal.secret;
  }
}
