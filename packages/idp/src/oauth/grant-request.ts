import type { IssuerConfig } from "@countersign/core/config/config";
import { OAuthResponseError } from "@countersign/core/error/errors";
import type { ExchangeRequest } from "@countersign/core/token/identity-provider";

/** A request to the token endpoint for a grant token. */
export interface GrantRequest {
  readonly grantType: string;
  readonly parameters: URLSearchParams;
}

type GrantIssuer = Pick<IssuerConfig, "issuer" | "profile" | "grants">;

const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
export const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";

/**
 * What is asked of the provider, by the way the issuer's grants come by their identity.
 *
 * @throws {OAuthResponseError} `provider.exchange_refused` when the caller's token is not one to act on behalf of.
 */
export function grantRequest(issuer: GrantIssuer, request: ExchangeRequest): GrantRequest {
  switch (issuer.grants) {
    case "exchange":
      return { grantType: tokenExchange, parameters: exchangeParameters(request) };
    case "on_behalf_of":
      return { grantType: jwtBearer, parameters: onBehalfOfParameters(issuer, request) };
    case "client_credentials":
      return { grantType: "client_credentials", parameters: ownParameters(issuer, request) };
    case "inbound_only":
      throw new Error(`"${issuer.issuer}" is inbound_only: nothing is to be asked of it`);
  }
}

/**
 * Scopes as the token itself names them: Entra qualifies those of its answer by their audience, as it wants
 * them in the request.
 */
export function answeredScopes(issuer: GrantIssuer, scope: string, { audience }: ExchangeRequest): string[] {
  const scopes = scope.split(" ").filter((one) => one !== "");
  if (issuer.profile !== "entra") return scopes;
  const prefix = `${audience}/`;
  return scopes.map((one) => (one.startsWith(prefix) ? one.slice(prefix.length) : one));
}

/** RFC 8693 §2.1. `resource` goes along where the audience can be one: an absolute URI without fragment (RFC 8707 §2). */
function exchangeParameters({ subjectToken, audience, scopes }: ExchangeRequest): URLSearchParams {
  return new URLSearchParams({
    subject_token: subjectToken,
    subject_token_type: accessTokenType,
    requested_token_type: accessTokenType,
    audience,
    ...(isResource(audience) && { resource: audience }),
    ...(scopes.length > 0 && { scope: scopes.join(" ") }),
  });
}

/** Entra's on-behalf-of: RFC 7523 §2.1 with the caller's token for an assertion. */
function onBehalfOfParameters(
  { issuer }: GrantIssuer,
  { subjectToken, audience, scopes }: ExchangeRequest,
): URLSearchParams {
  if (!hasUser(subjectToken)) {
    throw new OAuthResponseError(
      "provider.exchange_refused",
      "invalid_grant",
      `"scp" is missing from the token: "${issuer}" gives tokens on behalf of a user alone, not of a service`,
      { field: "scp" },
    );
  }
  const names = scopes.length > 0 ? scopes : [".default"];
  return new URLSearchParams({
    assertion: subjectToken,
    requested_token_use: "on_behalf_of",
    scope: names.map((name) => `${audience}/${name}`).join(" "),
  });
}

/** RFC 6749 §4.4.2. Entra gives a client all it was granted for an audience, and can't be asked for less. */
function ownParameters({ profile }: GrantIssuer, { audience, scopes }: ExchangeRequest): URLSearchParams {
  if (profile === "entra") return new URLSearchParams({ scope: `${audience}/.default` });
  return new URLSearchParams({
    audience,
    ...(isResource(audience) && { resource: audience }),
    ...(scopes.length > 0 && { scope: scopes.join(" ") }),
  });
}

function isResource(audience: string): boolean {
  return URL.canParse(audience) && !audience.includes("#");
}

/** The gate has verified the token: its claims can be read as they stand. */
function hasUser(subjectToken: string): boolean {
  const claims: unknown = JSON.parse(Buffer.from(subjectToken.split(".")[1] ?? "", "base64url").toString());
  return claims instanceof Object && "scp" in claims;
}
