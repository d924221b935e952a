import { readClientId } from "@countersign/core/token/access-token-claims";
import { type Claims, readActors } from "@countersign/core/token/claim-values";
import type { Introspection } from "@countersign/core/token/identity-provider";
import type { TokenProfile } from "@countersign/core/token/profiles";

/**
 * Reads an introspection response without judging it (RFC 7662 §2.2): what is missing or malformed is left
 * out, for the caller to miss. `iss` is the issuer asked where the response names none.
 */
export function readIntrospection(response: Claims, issuer: string): Introspection {
  if (response["active"] !== true) return { active: false };
  const { client_id, scope } = response;
  return {
    active: true,
    evidence: "introspection",
    ...readCommon({ ...response, iss: response["iss"] === undefined ? issuer : response["iss"] }),
    clientId: isText(client_id) ? client_id : undefined,
    scopes: isText(scope) ? scope.split(" ").filter((one) => one !== "") : [],
  };
}

/** The same of the claims of a JWT whose signature has been verified, as its issuer's tokens put them. */
export function readSignedClaims(claims: Claims, profile: TokenProfile): Introspection {
  const principal = profile.principal === "sub" ? undefined : claims[profile.principal];
  return {
    active: true,
    evidence: "signature",
    ...readCommon(claims),
    ...(isText(principal) && { principal }),
    clientId: orUndefined(() => readClientId(claims, profile)),
    scopes: orUndefined(() => profile.scopes(claims)) ?? [],
  };
}

function readCommon({ iss, sub, aud, act, exp }: Claims) {
  return {
    subject: isText(iss) && isText(sub) ? { iss, sub } : undefined,
    audiences: (Array.isArray(aud) ? aud : [aud]).filter(isText),
    // A malformed chain names nobody: half of one would be worse than none.
    actors: orUndefined(() => readActors(act)) ?? [],
    expiresAt: expiryOf(exp),
  };
}

function expiryOf(exp: unknown): number | undefined {
  const milliseconds = Number.isSafeInteger(exp) ? Number(exp) * 1000 : undefined;
  return Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
