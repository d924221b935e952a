import type { Clock } from "@countersign/core/clock";
import type { IssuerConfig } from "@countersign/core/config/config";
import {
  OAuthResponseError,
  OutcomeUnknownError,
  RefusedError,
  UnavailableError,
} from "@countersign/core/error/errors";
import type { Claims } from "@countersign/core/token/claim-values";
import type {
  ExchangeRequest,
  IdentityProvider,
  IdentityProviders,
  Introspection,
  IssuedToken,
} from "@countersign/core/token/identity-provider";
import { tokenProfiles } from "@countersign/core/token/profiles";
import {
  ClientError,
  genericGrantRequest,
  type TokenEndpointResponse,
  tokenIntrospection,
  tokenRevocation,
} from "openid-client";
import { createSigningKeys, type SigningKeys } from "../verify/signing-keys.ts";
import type { ClientSecretReader } from "./client-secret.ts";
import { accessTokenType, answeredScopes, grantRequest } from "./grant-request.ts";
import { readIntrospection } from "./introspection.ts";
import { OAuthClient } from "./oauth-client.ts";
import { readSignedToken } from "./signed-token.ts";

/** An identity provider as the verifier needs it: also its keys, and an introspection response whole. */
export interface OAuthIdentityProvider extends IdentityProvider {
  /** Where the issuer publishes its signing keys. @throws {UnavailableError} `provider.unavailable`. */
  jwksUri(): Promise<URL>;

  /** The issuer's signing keys, where its metadata says. @throws {UnavailableError} `provider.unavailable`. */
  signingKeys(): Promise<SigningKeys>;

  /**
   * What the introspection endpoint answers, unread (RFC 7662 §2.2).
   *
   * @throws {UnavailableError} `provider.unavailable`. @throws {OAuthResponseError} `provider.client_refused`.
   */
  introspectionResponse(token: string): Promise<Claims>;
}

/** Finds the provider that issued a subject's tokens. */
export interface OAuthIdentityProviders extends IdentityProviders {
  /** @throws {RefusedError} `token.issuer_unknown`. */
  of(issuer: string): OAuthIdentityProvider;
}

export interface IdentityProviderOptions {
  readonly issuers: readonly IssuerConfig[];
  readonly clientSecret: ClientSecretReader;
  readonly clock: Clock;
  /** How long one HTTP request may take; 5 by default. */
  readonly timeoutSeconds?: number;
}

/** The identity providers of a configuration, each through its own client; nothing is asked of them yet. */
export function createIdentityProviders({
  issuers,
  clientSecret,
  clock,
  timeoutSeconds = 5,
}: IdentityProviderOptions): OAuthIdentityProviders {
  const providers = new Map(
    issuers.map((issuer) => {
      const client = new OAuthClient({ issuer, clientSecret, clock, timeoutSeconds });
      return [issuer.issuer, createProvider({ issuer, client, clock, timeoutSeconds })] as const;
    }),
  );
  return {
    of(issuer) {
      const provider = providers.get(issuer);
      if (provider) return provider;
      throw new RefusedError("token.issuer_unknown", '"iss" is not a configured issuer', { field: "iss" });
    },
  };
}

interface ProviderParts {
  readonly issuer: IssuerConfig;
  readonly client: OAuthClient;
  readonly clock: Clock;
  readonly timeoutSeconds: number;
}

const identityModes = {
  exchange: "exchanged",
  on_behalf_of: "exchanged",
  client_credentials: "client_credentials",
  inbound_only: "inbound_only",
} as const;

function createProvider(parts: ProviderParts): OAuthIdentityProvider {
  const { issuer, client, clock } = parts;
  const jwksUri = async () => keysAddress((await client.metadata()).jwks_uri, issuer.issuer);
  const signingKeys = keysAt(parts);
  const introspectionResponse = (token: string): Promise<Claims> =>
    client.request("introspect", (configuration) =>
      tokenIntrospection(configuration, token, { token_type_hint: "access_token" }),
    );
  const revoke = async (token: string): Promise<"accepted" | "unsupported"> => {
    if ((await client.metadata()).revocation_endpoint === undefined) return "unsupported";
    const revocation = client.request("revoke", (configuration) =>
      tokenRevocation(configuration, token, { token_type_hint: "access_token" }).catch(acceptNoContent),
    );
    return revocation.then(() => "accepted" as const, unlessUnsupported);
  };
  return {
    identityMode: identityModes[issuer.grants],
    clientId: issuer.client.id,
    actingShownBy: tokenProfiles[issuer.profile].actingShownBy,
    jwksUri,
    signingKeys,
    introspectionResponse,
    revoke,
    async introspect(token): Promise<Introspection> {
      const { introspection_endpoint } = await client.metadata();
      const answer =
        introspection_endpoint === undefined
          ? "unsupported"
          : await introspectionResponse(token).catch(unlessUnsupported);
      if (answer !== "unsupported") return readIntrospection(answer, issuer.issuer);
      return readSignedToken(token, issuer, signingKeys, clock);
    },
    async exchange(request) {
      const { grantType, parameters } = grantRequest(issuer, request);
      const { response, fault } = await client.request("exchange", (configuration) =>
        genericGrantRequest(configuration, grantType, parameters).then(judge, salvage),
      );
      if (fault) throw await discard(response, fault, revoke);
      return issuedToken(response, request, issuer, clock.now());
    },
  };
}

function keysAddress(jwks_uri: string | undefined, issuer: string): URL {
  if (jwks_uri !== undefined && URL.canParse(jwks_uri)) return new URL(jwks_uri);
  throw new UnavailableError(
    "provider.unavailable",
    `"jwks_uri" is missing from the metadata of "${issuer}"`,
    {
      field: "jwks_uri",
    },
  );
}

/** Keys live as long as their address does. */
function keysAt({ issuer, client, timeoutSeconds }: ProviderParts) {
  let kept: { readonly address: string | undefined; readonly keys: SigningKeys } | undefined;
  return async (): Promise<SigningKeys> => {
    // Compared as it was written: this is on the way of every token.
    const { jwks_uri: address } = await client.metadata();
    if (kept && kept.address === address) return kept.keys;
    // Nothing is awaited from here on: all who come at once must share one set of keys, and its fetch.
    const keys = createSigningKeys({
      issuer: issuer.issuer,
      jwksUri: keysAddress(address, issuer.issuer),
      timeoutSeconds,
    });
    kept = { address, keys };
    return keys;
  };
}

interface ExchangeAnswer {
  readonly response: Pick<TokenEndpointResponse, "access_token" | "expires_in" | "scope">;
  /** Why its token can't be used. */
  readonly fault: string | undefined;
}

function judge(response: TokenEndpointResponse): ExchangeAnswer {
  return { response, fault: responseFault(response) };
}

/** The token of a response that openid-client refuses to read: it was issued all the same. */
function salvage(error: unknown): ExchangeAnswer {
  const refusal =
    error instanceof ClientError && error.cause instanceof Error ? error.cause.cause : undefined;
  const body = refusal instanceof Object && "body" in refusal ? refusal.body : undefined;
  const token = body instanceof Object && "access_token" in body ? body.access_token : undefined;
  if (typeof token !== "string" || token === "") throw error;
  return { response: { access_token: token }, fault: "the response with the grant token is malformed" };
}

/** What makes an issued token none that could be used (RFC 8693 §2.2.1). */
function responseFault({ token_type, issued_token_type }: TokenEndpointResponse): string | undefined {
  if (token_type !== "bearer") return '"token_type" of the grant token is not Bearer';
  if (issued_token_type === undefined || issued_token_type === accessTokenType) return undefined;
  return '"issued_token_type" of the grant token is not access_token';
}

/** A token that can't be used must not live on either; where it can't be revoked, the caller is told it may. */
async function discard(
  { access_token }: ExchangeAnswer["response"],
  fault: string,
  revoke: (token: string) => Promise<"accepted" | "unsupported">,
): Promise<RefusedError | OutcomeUnknownError> {
  try {
    if ((await revoke(access_token)) === "accepted")
      return new RefusedError("provider.grant_mismatch", fault);
    return new OutcomeUnknownError(
      "provider.unavailable",
      `${fault}, and its provider revokes no such token`,
    );
  } catch (cause) {
    return new OutcomeUnknownError("provider.unavailable", `${fault}, and it could not be revoked`, {
      cause,
    });
  }
}

/** A refresh token, should one come too, is dropped: nobody holds it. */
function issuedToken(
  { access_token, expires_in, scope }: ExchangeAnswer["response"],
  request: ExchangeRequest,
  issuer: IssuerConfig,
  now: number,
): IssuedToken {
  const expiresAt = expires_in === undefined ? undefined : now + Math.floor(expires_in) * 1000;
  return {
    value: access_token,
    scopes: scope === undefined ? request.scopes : answeredScopes(issuer, scope, request),
    expiresAt: Number.isSafeInteger(expiresAt) ? expiresAt : undefined,
  };
}

/** RFC 7009 §2.2.1: the provider revokes, or is asked about, no token of this kind. */
function unlessUnsupported(error: unknown): "unsupported" {
  if (error instanceof OAuthResponseError && error.oauthError === "unsupported_token_type")
    return "unsupported";
  throw error;
}

/** RFC 7009 §2.2 asks for 200; a provider that says 204 has accepted too. */
function acceptNoContent(error: unknown): void {
  if (error instanceof ClientError && error.cause instanceof Response && error.cause.status === 204) return;
  throw error;
}
