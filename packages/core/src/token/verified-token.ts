import type { Actor, Subject } from "../entry/entry.ts";

/** A caller's access token after every check of signature (or introspection) and claims. */
export interface VerifiedToken {
  /** As it is recorded: the provider's identifier, or a reference in its place. */
  readonly subject: Subject;
  /** What the provider calls the subject, where that is not what is recorded; never stored or sent. */
  readonly providerSubject?: Subject;
  /** What names the subject alike in tokens for any audience, where `sub` does not; never recorded. */
  readonly principal?: string;
  readonly clientId: string;
  /** The `act` chain, outermost first (RFC 8693 §4.1). */
  readonly actors: readonly Actor[];
  readonly scopes: readonly string[];
  readonly audience: string;
  /** Epoch milliseconds. */
  readonly issuedAt: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly fingerprint: string;
  /** Claims on the issuer's allow-list, for the record. */
  readonly claims: Readonly<Record<string, string | number | boolean | string[]>>;
  /** Claims marked personal, to be stored only encrypted. */
  readonly personalClaims: Readonly<Record<string, string>>;
}

/** Verifies what a caller presents. */
export interface TokenVerifier {
  /**
   * @throws {RefusedError} with a `token.*` code when the token must not be accepted.
   * @throws {UnavailableError} `provider.unavailable` when the issuer's keys or introspection can't be reached.
   */
  verify(raw: string): Promise<VerifiedToken>;
}
