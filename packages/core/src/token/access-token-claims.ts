import type { IssuerConfig } from "../config/config.ts";
import { RefusedError } from "../error/errors.ts";
import {
  type Claims,
  checkAudience,
  checkClient,
  claimInvalid,
  personalClaims,
  quoted,
  readActors,
  readIdentifier,
  recordedClaims,
  refuseAudience,
  refuseBoundToken,
  refuseIdToken,
} from "./claim-values.ts";
import { type FingerprintKey, type FingerprintSource, tokenFingerprint } from "./fingerprint.ts";
import { type TokenProfile, tokenProfiles } from "./profiles.ts";
import { checkTimes } from "./token-times.ts";
import type { VerifiedToken } from "./verified-token.ts";

/** What an issuer's claims are checked against. */
export type ClaimRules = Pick<
  IssuerConfig,
  "issuer" | "profile" | "audience" | "clients" | "clockSkew" | "maxTokenLifetime" | "claims"
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
  return verifyClaims(claims, source, rules, tokenProfiles[rules.profile], context);
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
  profile: TokenProfile,
  { now, fingerprintKey }: VerificationContext,
): VerifiedToken {
  refuseIdToken(claims);
  refuseBoundToken(claims);
  profile.checkKind(claims);
  checkRecipient(claims, rules, profile);
  const times = checkTimes(claims, rules, now);
  return {
    subject: { iss: rules.issuer, sub: readIdentifier(claims["sub"], "sub") },
    ...(profile.principal !== "sub" && {
      principal: readIdentifier(claims[profile.principal], profile.principal),
    }),
    clientId: readClientId(claims, profile),
    actors: readActors(claims["act"]),
    scopes: profile.scopes(claims),
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

/** Who the token is for: the gate, or where the provider names no audience, whom it was issued to. */
function checkRecipient(claims: Claims, rules: ClaimRules, profile: TokenProfile): void {
  if (profile.audience === "required") {
    checkAudience(claims["aud"], rules.audience, profile.companions(rules.issuer));
    return;
  }
  refuseAudience(claims);
  const [name = "client_id"] = profile.clientClaims(claims);
  checkClient(readClientId(claims, profile), name, rules.clients ?? []);
}

/**
 * The client a token was issued to; where two claims name it they must agree (OpenID Connect Core §2 `azp`).
 *
 * @throws {RefusedError} `token.claim_invalid`.
 */
export function readClientId(claims: Claims, { clientClaims }: TokenProfile): string {
  const names = clientClaims(claims);
  const [first = "client_id"] = names;
  const source = names.find((name) => claims[name] !== undefined) ?? first;
  const clientId = readIdentifier(claims[source], first);
  const other = names.find((name) => claims[name] !== undefined && claims[name] !== clientId);
  if (other !== undefined) throw claimInvalid(other, `differs from "${source}"`);
  return clientId;
}
