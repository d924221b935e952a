import type { Subject } from "../entry/entry.ts";
import { RefusedError } from "../error/errors.ts";
import type { IdentityProvider, IssuedToken } from "../token/identity-provider.ts";

/** What the grant token was asked to be. */
export interface ExpectedGrant {
  readonly subject: Subject;
  readonly audience: string;
  readonly scopes: readonly string[];
}

/**
 * Asks the provider what it issued, and accepts only a live token for the same subject, the audience
 * asked for, exactly the scopes asked for, and an actor chain that names who acts (RFC 8693 §4.1).
 *
 * @throws {RefusedError} `provider.grant_mismatch`, naming the claim.
 */
export async function checkGrantToken(
  provider: IdentityProvider,
  issued: IssuedToken,
  expected: ExpectedGrant,
): Promise<void> {
  const seen = await provider.introspect(issued.value);
  if (!seen.active) throw mismatch("active", "is false");
  if (
    seen.subject &&
    (seen.subject.iss !== expected.subject.iss || seen.subject.sub !== expected.subject.sub)
  ) {
    throw mismatch("sub", "is another subject than the caller's");
  }
  if (!seen.subject) throw mismatch("sub", "is missing");
  if (!seen.audiences.includes(expected.audience))
    throw mismatch("aud", `does not name "${expected.audience}"`);
  for (const scopes of [issued.scopes, seen.scopes]) {
    if (!sameScopes(scopes, expected.scopes)) {
      throw mismatch("scope", `is "${scopes.join(" ")}", expected "${expected.scopes.join(" ")}"`);
    }
  }
  if (seen.actors.length === 0) throw mismatch("act", "is missing, expected who acts for the subject");
}

function sameScopes(a: readonly string[], b: readonly string[]): boolean {
  const held = new Set(a);
  return held.size === new Set(b).size && b.every((scope) => held.has(scope));
}

function mismatch(field: string, fact: string): RefusedError {
  return new RefusedError("provider.grant_mismatch", `"${field}" of the exchanged token ${fact}`, { field });
}
