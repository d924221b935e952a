import { RefusedError } from "../error/errors.ts";
import { type Claims, claimInvalid, readSeconds } from "./claim-values.ts";

/** What an issuer's tokens may do in time; both in seconds. */
export interface TimeLimits {
  readonly clockSkew: number;
  readonly maxTokenLifetime: number;
}

/**
 * Checks `exp`, `iat` and `nbf` at `now` (epoch milliseconds) and gives issue and expiry in epoch milliseconds
 * (RFC 7519 §4.1.4 to §4.1.6).
 *
 * @throws {RefusedError} `token.claim_invalid`, `token.expired`, `token.not_yet_valid`, `token.lifetime_exceeded`.
 */
export function checkTimes(
  claims: Claims,
  { clockSkew, maxTokenLifetime }: TimeLimits,
  now: number,
): { issuedAt: number; expiresAt: number } {
  const exp = readSeconds(claims["exp"], "exp");
  const iat = readSeconds(claims["iat"], "iat");
  const notBefore = claims["nbf"] === undefined ? iat : readSeconds(claims["nbf"], "nbf");
  const seconds = now / 1000;
  if (exp <= seconds - clockSkew) throw expired(seconds - exp);
  if (iat > seconds + clockSkew) throw early("iat", iat - seconds);
  if (notBefore > seconds + clockSkew) throw early("nbf", notBefore - seconds);
  if (exp <= iat) throw claimInvalid("exp", 'is not after "iat"');
  if (exp - iat > maxTokenLifetime) {
    throw new RefusedError(
      "token.lifetime_exceeded",
      `the token lives ${exp - iat} s, expected at most ${maxTokenLifetime} s`,
      { field: "exp" },
    );
  }
  return { issuedAt: iat * 1000, expiresAt: exp * 1000 };
}

function expired(seconds: number): RefusedError {
  return new RefusedError("token.expired", `"exp" is ${Math.ceil(seconds)} s past`, { field: "exp" });
}

function early(name: string, seconds: number): RefusedError {
  return new RefusedError("token.not_yet_valid", `"${name}" is ${Math.ceil(seconds)} s ahead`, {
    field: name,
  });
}
