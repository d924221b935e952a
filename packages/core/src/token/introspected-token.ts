import { RefusedError } from "../error/errors.ts";
import {
  type ClaimRules,
  checkIssuer,
  type VerificationContext,
  verifyClaims,
} from "./access-token-claims.ts";
import { type Claims, quoted } from "./claim-values.ts";
import { tokenProfiles } from "./profiles.ts";
import type { VerifiedToken } from "./verified-token.ts";

/**
 * Checks what an issuer's introspection endpoint says of an opaque token, as strictly as a JWT's claims
 * (RFC 7662 §2.2).
 *
 * `iss` may be absent, since the issuer itself was asked. `sub`, `client_id`, `aud`, `iat`, `exp` and a
 * `token_type` of Bearer must be there: without the last a refresh token would pass for an access token.
 *
 * @throws {RefusedError} with a `token.*` code, naming the claim.
 */
export function verifyIntrospectedToken(
  response: Claims,
  raw: string,
  rules: ClaimRules,
  context: VerificationContext,
): VerifiedToken {
  if (response["active"] !== true) {
    throw new RefusedError("token.inactive", '"active" is not true', { field: "active" });
  }
  if (response["iss"] !== undefined) checkIssuer(response["iss"], rules.issuer);
  checkTokenType(response["token_type"]);
  return verifyClaims(response, { opaque: raw }, rules, tokenProfiles.rfc9068, context);
}

function checkTokenType(type: unknown): void {
  const lower = typeof type === "string" ? type.toLowerCase() : undefined;
  if (lower === "bearer") return;
  const code = lower === "dpop" ? "token.sender_constrained" : "token.type_mismatch";
  throw new RefusedError(code, `"token_type" is ${quoted(type)}, expected "Bearer"`, { field: "token_type" });
}
