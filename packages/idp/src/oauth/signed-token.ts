import type { Clock } from "@countersign/core/clock";
import type { IssuerConfig } from "@countersign/core/config/config";
import { RefusedError } from "@countersign/core/error/errors";
import type { Introspection } from "@countersign/core/token/identity-provider";
import { type PresentedToken, preflightToken } from "@countersign/core/token/preflight";
import { tokenProfiles } from "@countersign/core/token/profiles";
import type { SigningKeys } from "../verify/signing-keys.ts";
import { verifySignature } from "../verify/verify-signature.ts";
import { readSignedClaims } from "./introspection.ts";

/**
 * What a token issued to Countersign says of itself, where its issuer can't be asked: its claims, once its
 * signature has been verified with the issuer's keys. Active until it has expired, whatever became of it since.
 *
 * @throws {RefusedError} `provider.token_uncheckable` when the token is opaque, `provider.grant_mismatch` when
 * it is no access token that the issuer signed.
 * @throws {UnavailableError} `provider.unavailable` when the keys can't be had.
 */
export async function readSignedToken(
  token: string,
  issuer: IssuerConfig,
  keys: () => Promise<SigningKeys>,
  clock: Clock,
): Promise<Introspection> {
  const profile = tokenProfiles[issuer.profile];
  const { payload, alg, kid } = looked(token, issuer);
  const key = await (await keys()).find({ alg, kid }).catch(asMismatch);
  await verifySignature(token, key, alg).catch(asMismatch);
  if (payload["iss"] !== issuer.issuer) throw mismatch('"iss" is another issuer');
  const claims = readSignedClaims(payload, profile);
  // As long as it might be taken anywhere, clocks being what they are.
  if (!claims.active || claims.expiresAt === undefined) throw mismatch('"exp" is no time');
  return claims.expiresAt + issuer.clockSkew * 1000 > clock.now() ? claims : { active: false };
}

function looked(token: string, issuer: IssuerConfig) {
  const presented = lookAt(token, issuer);
  if (presented.kind === "jwt") return { ...presented, payload: presented.unverifiedPayload };
  throw new RefusedError(
    "provider.token_uncheckable",
    `introspect at "${issuer.issuer}" can't be asked about an opaque token, expected that or a JWT`,
    { field: "introspection_endpoint" },
  );
}

function lookAt(token: string, { algorithms, profile }: IssuerConfig): PresentedToken {
  try {
    return preflightToken(token, () => ({ algorithms, profile: tokenProfiles[profile] }));
  } catch (error) {
    return asMismatch(error);
  }
}

/** The same refusals as of a caller's token, but it is the provider's fault. */
function asMismatch(error: unknown): never {
  throw error instanceof RefusedError ? mismatch(error.message) : error;
}

function mismatch(fact: string): RefusedError {
  return new RefusedError("provider.grant_mismatch", `the issued token can't be verified: ${fact}`);
}
