import type { PersonalData, Subject } from "../src/entry/entry.ts";
import { RefusedError } from "../src/error/errors.ts";
import type { PersonalDataCipher } from "../src/personal/personal-data.ts";
import type {
  BlockList,
  BlockQuery,
  DenyList,
  StartBudget,
  StartRate,
  TokenUse,
  TokenUses,
} from "../src/policy/limits.ts";

/** A block list with at most one thing on it. */
export class MemoryBlockList implements BlockList {
  blocked: keyof BlockQuery | undefined;

  async find(_query: BlockQuery): Promise<keyof BlockQuery | undefined> {
    return this.blocked;
  }
}

/** Counts starts within a minute that never ends. */
export class MemoryStartRate implements StartRate {
  readonly #taken = new Map<string, number>();

  async take(budgets: readonly StartBudget[]) {
    const empty = budgets.find(({ key, perMinute }) => (this.#taken.get(key) ?? 0) >= perMinute);
    if (empty) {
      throw new RefusedError("policy.start_rate_exceeded", `the ${empty.of} has had its starts`, {
        retryAfterSeconds: 30,
      });
    }
    const count = (change: number) => {
      for (const { key } of budgets) this.#taken.set(key, (this.#taken.get(key) ?? 0) + change);
    };
    count(1);
    return { giveBack: async () => count(-1) };
  }
}

/** Denied fingerprints and their ends. */
export class MemoryDenyList implements DenyList {
  readonly denied = new Map<string, number>();

  async deny(fingerprint: string, until: number): Promise<void> {
    this.denied.set(fingerprint, until);
  }
}

/** Tokens by the execution they were used for. */
export class MemoryTokenUses implements TokenUses {
  readonly #uses = new Map<string, string>();

  async take({ fingerprint, executionArn }: TokenUse): Promise<void> {
    const other = this.#uses.get(fingerprint);
    if (other !== undefined && other !== executionArn) {
      throw new RefusedError("token.replayed", "the token has started another execution", { field: "jti" });
    }
    this.#uses.set(fingerprint, executionArn);
  }
}

/** Hides personal data behind a count of its bytes; keeps it aside to be looked at. */
export class MemoryPersonalData implements PersonalDataCipher {
  readonly seen: { subject: Subject; data: PersonalData }[] = [];

  async encrypt(subject: Subject, data: PersonalData) {
    this.seen.push({ subject, data });
    const ciphertext = Buffer.alloc(JSON.stringify(data).length, this.seen.length).toString("base64");
    return { key: `key-of-${subject.sub.length}`, ciphertext };
  }
}
