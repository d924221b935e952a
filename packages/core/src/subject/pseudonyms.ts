import { randomBytes } from "node:crypto";
import type { Subject } from "../entry/entry.ts";

/**
 * References that stand in place of a subject's `sub`, where the `sub` itself is personal.
 *
 * A reference is random: it says nothing of whom it stands for, and once its mapping is gone nothing does.
 */
export interface Pseudonyms {
  /**
   * The subject's reference, made at its first use; every process that asks at once gets the same one.
   *
   * May be as old as the memory it is kept in: seconds.
   *
   * @throws {UnavailableError} `store.unavailable`.
   */
  referenceTo(subject: Subject): Promise<Subject>;

  /** The reference that stands, without making one; a consistent read. @throws {UnavailableError} `store.unavailable`. */
  find(subject: Subject): Promise<Subject | undefined>;
}

/** A reference that was never given before: 128 random bits. */
export function newReference(): string {
  return `psn_${randomBytes(16).toString("base64url")}`;
}

/** Whether a `sub` has the form of a reference; a provider may give out one of that form too. */
export function isReference(sub: string): boolean {
  return /^psn_[A-Za-z0-9_-]{22}$/.test(sub);
}
