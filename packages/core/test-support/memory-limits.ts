import type { PersonalData, Subject } from "../src/entry/entry.ts";
import { RefusedError } from "../src/error/errors.ts";
import type { PersonalDataCipher } from "../src/personal/personal-data.ts";
import type { BlockList, BlockQuery, StartRate } from "../src/policy/limits.ts";

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

  async take(workflow: string, perMinute: number): Promise<void> {
    const taken = (this.#taken.get(workflow) ?? 0) + 1;
    if (taken > perMinute) {
      throw new RefusedError("policy.start_rate_exceeded", `workflow "${workflow}" has had its starts`, {
        retryAfterSeconds: 30,
      });
    }
    this.#taken.set(workflow, taken);
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
