import type { IssuerConfig } from "../config/config.ts";
import { RefusedError } from "../error/errors.ts";
import {
  type Claims,
  checkAudience,
  claimInvalid,
  personalClaims,
  quoted,
  readActors,
  readIdentifier,
  readScopes,
  recordedClaims,
  refuseBoundToken,
  refuseIdToken,
} from "./claim-values.ts";
import { type FingerprintKey, type FingerprintSource, tokenFingerprint } from "./fingerprint.ts";
import { checkTimes } from "./token-times.ts";
import type { VerifiedToken } from "./verified-token.ts";

/** What an issuer's claims are checked against. */
export type ClaimRules = Pick<
  IssuerConfig,
  "issuer" | "audience" | "clockSkew" | "maxTokenLifetime" | "claims"
>;

/** When a token is looked at, and the key its fingerprint is made with. */
export interface VerificationContext {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly fingerprintKey: FingerprintKey;
}

/**
 * Checks the claims of a JWT access token whose signature has been verified, and gives what they say
 * (RFC 9068 §4).
 *
 * @throws {RefusedError} with a `token.*` code, naming the claim.
 */
export function verifyAccessTokenClaims(
  claims: Claims,
  signingInput: string,
  rules: ClaimRules,
  context: VerificationContext,
): VerifiedToken {
  checkIssuer(claims["iss"], rules.issuer);
  const jti = claims["jti"] === undefined ? undefined : readIdentifier(claims["jti"], "jti");
  const source = jti === undefined ? { signingInput } : { iss: rules.issuer, jti };
  return verifyClaims(claims, source, rules, context);
}

/**
 * The checks that hold for a JWT and for an introspection response alike; the issuer is checked before.
 *
 * @throws {RefusedError} with a `token.*` code, naming the claim.
 */
export function verifyClaims(
  claims: Claims,
  source: FingerprintSource,
  rules: ClaimRules,
  { now, fingerprintKey }: VerificationContext,
): VerifiedToken {
  refuseIdToken(claims);
  checkAudience(claims["aud"], rules.audience);
  refuseBoundToken(claims);
  const times = checkTimes(claims, rules, now);
  return {
    subject: { iss: rules.issuer, sub: readIdentifier(claims["sub"], "sub") },
    clientId: readClientId(claims),
    actors: readActors(claims["act"]),
    scopes: readScopes(claims["scope"]),
    audience: rules.audience,
    ...times,
    fingerprint: tokenFingerprint(source, fingerprintKey),
    claims: recordedClaims(claims, rules.claims.record),
    personalClaims: personalClaims(claims, rules.claims.personal),
  };
}

/** @throws {RefusedError} `token.issuer_unknown`. */
export function checkIssuer(iss: unknown, expected: string): void {
  if (iss === expected) return;
  throw new RefusedError("token.issuer_unknown", `"iss" is ${quoted(iss)}, expected "${expected}"`, {
    field: "iss",
  });
}

/** Some providers name the client in `azp` (OpenID Connect Core §2); where both stand they must agree. */
function readClientId({ client_id, azp }: Claims): string {
  const clientId = readIdentifier(client_id ?? azp, "client_id");
  if (azp !== undefined && azp !== clientId) throw claimInvalid("azp", 'differs from "client_id"');
  return clientId;
}
