import type { PreparedSeal, SealContext, Sealer, SealOpener } from "../src/token/seal.ts";

/** Keeps sealed tokens under their context, each written once. */
export class MemorySeals implements Sealer, SealOpener {
  readonly #tokens = new Map<string, string>();

  prepare(context: SealContext): PreparedSeal {
    return { store: (token) => this.store(context, token) };
  }

  async store(context: SealContext, token: string): Promise<void> {
    const name = nameOf(context);
    const standing = this.#tokens.get(name);
    if (standing !== undefined && standing !== token) throw new Error("illegal write: a seal is replaced");
    this.#tokens.set(name, token);
  }

  async open(context: SealContext): Promise<string | undefined> {
    return this.#tokens.get(nameOf(context));
  }

  get size(): number {
    return this.#tokens.size;
  }
}

function nameOf({ executionArn, redriveCount, grantId }: SealContext): string {
  return `${executionArn}#${redriveCount}#${grantId}`;
}
