import type { DeadLetter, DeadLetterQueue, Redrive } from "../src/dead-letter/dead-letter.ts";
import type { RevocationHint, RevocationQueue } from "../src/revoker/revocation-queue.ts";

/** Keeps the hints it was given. */
export class MemoryRevocationQueue implements RevocationQueue {
  readonly hints: RevocationHint[] = [];

  async hint(hint: RevocationHint): Promise<void> {
    this.hints.push(hint);
  }
}

/** Keeps dead letters in the order they came. */
export class MemoryDeadLetterQueue implements DeadLetterQueue {
  readonly letters: DeadLetter[] = [];

  async send(letter: DeadLetter): Promise<void> {
    this.letters.push(letter);
  }

  async list(limit: number): Promise<readonly DeadLetter[]> {
    return this.letters.slice(0, limit);
  }

  async redrive(intend: (plan: Redrive) => Promise<void>, limit: number, ids?: readonly string[]) {
    const asked = this.letters.filter(({ id }) => ids === undefined || ids.includes(id));
    const redriven = asked.filter(({ redrivable }) => redrivable !== undefined).slice(0, limit);
    const plan = { redriven, kept: asked.filter(({ redrivable }) => redrivable === undefined) };
    await intend(plan);
    for (const letter of redriven) this.letters.splice(this.letters.indexOf(letter), 1);
    return plan;
  }
}
