import type { Subject } from "../entry/entry.ts";
import { RefusedError } from "../error/errors.ts";
import type { IdentityProvider, Introspection, IssuedToken } from "../token/identity-provider.ts";

/** What the grant token was asked to be. */
export interface ExpectedGrant {
  /** The caller, whom an exchanged token speaks for. */
  readonly subject: Subject;
  /** What names the caller in tokens for another audience, where that is not `sub`. */
  readonly principal?: string | undefined;
  readonly audience: string;
  readonly scopes: readonly string[];
}

type LiveToken = Extract<Introspection, { active: true }>;

/**
 * Asks the provider what it issued, and accepts only a live token for the audience asked for with exactly the
 * scopes asked for: an exchanged one for the same subject, in which Countersign is seen to act (RFC 8693 §4.1);
 * one of Countersign's own for Countersign alone.
 *
 * Gives what the provider said of it, for it knows the token's end better than the answer that brought it.
 *
 * @throws {RefusedError} `provider.grant_mismatch`, naming the claim.
 */
export async function checkGrantToken(
  provider: IdentityProvider,
  issued: IssuedToken,
  expected: ExpectedGrant,
): Promise<LiveToken> {
  const seen = await provider.introspect(issued.value);
  if (!seen.active) throw mismatch("active", "is false");
  if (provider.identityMode === "client_credentials") checkOwn(seen, provider, expected);
  else {
    checkSubject(seen, expected);
    checkActing(seen, provider);
  }
  if (!seen.audiences.includes(expected.audience))
    throw mismatch("aud", `does not name "${expected.audience}"`);
  for (const scopes of [issued.scopes, seen.scopes]) {
    if (!sameScopes(scopes, expected.scopes)) {
      throw mismatch("scope", `is "${scopes.join(" ")}", expected "${expected.scopes.join(" ")}"`);
    }
  }
  return seen;
}

/** By `sub`, or where that differs by audience, by what does not. */
function checkSubject(seen: LiveToken, { subject, principal }: ExpectedGrant): void {
  if (!seen.subject) throw mismatch("sub", "is missing");
  const isSame = principal === undefined ? seen.subject.sub === subject.sub : seen.principal === principal;
  if (seen.subject.iss !== subject.iss || !isSame) {
    throw mismatch("sub", "is another subject than the caller's");
  }
}

function checkActing(seen: LiveToken, { actingShownBy, clientId }: IdentityProvider): void {
  if (actingShownBy === "act") {
    if (seen.actors.length === 0) throw mismatch("act", "is missing, expected who acts for the subject");
    return;
  }
  checkClient(seen, clientId);
}

/** Providers name a client in `sub` each in their own way, so only the client counts, and that it is nobody else. */
function checkOwn(
  seen: LiveToken,
  { clientId }: IdentityProvider,
  { subject, principal }: ExpectedGrant,
): void {
  checkClient(seen, clientId);
  if (seen.actors.length > 0) throw mismatch("act", "is there, expected a token of Countersign's own");
  const sub = seen.subject?.sub;
  const isCaller = sub === subject.sub || (principal !== undefined && seen.principal === principal);
  if (isCaller && sub !== clientId) throw mismatch("sub", "is the caller's, expected Countersign's own");
}

function checkClient(seen: LiveToken, clientId: string): void {
  if (seen.clientId !== clientId) throw mismatch("client_id", `is not "${clientId}"`);
}

function sameScopes(a: readonly string[], b: readonly string[]): boolean {
  const held = new Set(a);
  return held.size === new Set(b).size && b.every((scope) => held.has(scope));
}

function mismatch(field: string, fact: string): RefusedError {
  return new RefusedError("provider.grant_mismatch", `"${field}" of the grant token ${fact}`, { field });
}
