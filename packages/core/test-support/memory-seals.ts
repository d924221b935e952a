import type { PreparedSeal, SealContext, Sealer, SealOpener } from "../src/token/seal.ts";

/** Keeps sealed tokens under their context, each written once. */
export class MemorySeals implements Sealer, SealOpener {
  readonly #seals = new Map<string, { readonly token: string; readonly expiresAt: number | undefined }>();

  prepare(context: SealContext): PreparedSeal {
    return { store: (token, expiresAt) => this.store(context, token, expiresAt) };
  }

  async store(context: SealContext, token: string, expiresAt?: number): Promise<void> {
    const name = nameOf(context);
    const standing = this.#seals.get(name);
    if (standing && standing.token !== token) throw new Error("illegal write: a seal is replaced");
    this.#seals.set(name, { token, expiresAt });
  }

  async open(context: SealContext): Promise<string | undefined> {
    return this.#seals.get(nameOf(context))?.token;
  }

  async discard(context: SealContext): Promise<void> {
    this.#seals.delete(nameOf(context));
  }

  get size(): number {
    return this.#seals.size;
  }

  /** Until when each seal's token was said to live. */
  get expiries(): readonly (number | undefined)[] {
    return [...this.#seals.values()].map(({ expiresAt }) => expiresAt);
  }
}

function nameOf({ executionArn, redriveCount, grantId }: SealContext): string {
  return `${executionArn}#${redriveCount}#${grantId}`;
}
