import type { Clock } from "@countersign/core/clock";
import type { IssuerConfig } from "@countersign/core/config/config";
import {
  InvalidInputError,
  OAuthResponseError,
  RefusedError,
  UnavailableError,
} from "@countersign/core/error/errors";
import { verifyAccessTokenClaims } from "@countersign/core/token/access-token-claims";
import type { Claims } from "@countersign/core/token/claim-values";
import type { FingerprintKey } from "@countersign/core/token/fingerprint";
import { verifyIntrospectedToken } from "@countersign/core/token/introspected-token";
import { type HeaderRules, preflightToken } from "@countersign/core/token/preflight";
import { tokenProfiles } from "@countersign/core/token/profiles";
import type { TokenVerifier, VerifiedToken } from "@countersign/core/token/verified-token";
import type { OAuthIdentityProviders } from "../oauth/identity-provider.ts";
import { verifySignature } from "./verify-signature.ts";

export interface AccessTokenVerifierOptions {
  readonly issuers: readonly IssuerConfig[];
  readonly clock: Clock;
  readonly fingerprintKey: FingerprintKey;
  readonly providers: OAuthIdentityProviders;
}

/**
 * Verifies access tokens of the configured issuers: JWTs by signature and claims (RFC 9068 §4), opaque ones
 * by introspection (RFC 7662) at the one issuer that takes them.
 *
 * An introspection that the provider refuses Countersign's client is an UnavailableError
 * `provider.client_refused`: the caller's token is not at fault.
 *
 * @throws {InvalidInputError} `config.invalid` when two issuers take opaque tokens: such a token does not
 * say whose it is, and asking one issuer would show it another's token.
 */
export function createAccessTokenVerifier(options: AccessTokenVerifierOptions): TokenVerifier {
  const opaqueIssuer = findOpaqueIssuer(options.issuers);
  return {
    async verify(raw): Promise<VerifiedToken> {
      const presented = preflightToken(raw, (claims) => headerRules(issuerOf(claims, options.issuers)));
      if (presented.kind === "opaque") return verifyOpaque(raw, opaqueIssuer, options);
      const issuer = issuerOf(presented.unverifiedPayload, options.issuers);
      const keys = await options.providers.of(issuer.issuer).signingKeys();
      await verifySignature(raw, await keys.find(presented), presented.alg);
      const context = { now: options.clock.now(), fingerprintKey: options.fingerprintKey };
      return verifyAccessTokenClaims(presented.unverifiedPayload, presented.signingInput, issuer, context);
    },
  };
}

function findOpaqueIssuer(issuers: readonly IssuerConfig[]): IssuerConfig | undefined {
  const [first, second] = issuers.filter(({ opaqueTokens }) => opaqueTokens);
  if (!second) return first;
  throw new InvalidInputError(
    "config.invalid",
    `issuers: "${first?.issuer}" and "${second.issuer}" both take opaque tokens, expected at most one`,
    { field: "issuers" },
  );
}

/** Chosen by what the token claims; its signature must then be that issuer's. */
function issuerOf(unverified: Claims, issuers: readonly IssuerConfig[]): IssuerConfig {
  const found = issuers.find(({ issuer }) => issuer === unverified["iss"]);
  if (found) return found;
  throw new RefusedError("token.issuer_unknown", '"iss" is not a configured issuer', { field: "iss" });
}

function headerRules({ algorithms, profile }: IssuerConfig): HeaderRules {
  return { algorithms, profile: tokenProfiles[profile] };
}

async function verifyOpaque(
  raw: string,
  issuer: IssuerConfig | undefined,
  { providers, clock, fingerprintKey }: AccessTokenVerifierOptions,
): Promise<VerifiedToken> {
  if (!issuer) throw new RefusedError("token.malformed", "the token is not a JWT");
  const response = await introspect(raw, issuer.issuer, providers);
  return verifyIntrospectedToken(response, raw, issuer, { now: clock.now(), fingerprintKey });
}

async function introspect(raw: string, issuer: string, providers: OAuthIdentityProviders): Promise<Claims> {
  try {
    return await providers.of(issuer).introspectionResponse(raw);
  } catch (error) {
    if (!(error instanceof OAuthResponseError)) throw error;
    if (error.oauthError === "unsupported_token_type") {
      throw new RefusedError("token.inactive", "the issuer does not know such a token");
    }
    throw new UnavailableError(error.code, error.message, { cause: error });
  }
}
