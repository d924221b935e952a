import { once } from "node:events";
import { importJWK, type JWK, jwtVerify } from "jose";
import Provider, {
  type AccessToken,
  type Client,
  type Configuration,
  errors,
  type TokenEndpointGrantContext,
} from "oidc-provider";
import { listen } from "./http-listener.ts";
import { clientId, clientSecret, gateAudience, grantAudience } from "./issuer-config.ts";
import { forge, generateKey } from "./token-forge.ts";

const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";
const scope = "payout:start payout:status payments:write";
const web = { id: "web", secret: "web-secret-dGVzdA" };

/** Lifetimes of the tokens for each audience, in seconds. */
export const lifetimes = { gate: 600, grant: 900 };

export interface AuthorizationServerOptions {
  /** Format of the tokens for the gate; those for the grant audience are opaque. */
  readonly gateTokens?: "jwt" | "opaque";
  readonly authMethod?: "client_secret_basic" | "client_secret_post";
}

export interface TestAuthorizationServer {
  readonly issuer: string;
  /** A client_credentials token of the client "web" for the gate. */
  clientCredentialsToken(scope: string): Promise<string>;
  /** An access token of a person for the gate, as the server would sign it for the client "web". */
  personToken(sub: string, scope: string, act?: object): string;
  close(): Promise<void>;
}

type ActClaim = { readonly sub: string };
type Exchanged = { readonly sub: string; readonly scope: string; readonly act?: ActClaim };

/** A real oidc-provider on loopback with a small token exchange (RFC 8693) that names who acts. */
export async function startAuthorizationServer(
  options: AuthorizationServerOptions = {},
): Promise<TestAuthorizationServer> {
  const key = generateKey("ES256");
  const jwk: JWK = { ...key.privateKey.export({ format: "jwk" }), kid: key.kid, alg: "ES256", use: "sig" };
  const listener = await listen((issuer) => {
    const acting = new WeakMap<AccessToken, ActClaim>();
    const provider = new Provider(issuer, configuration(jwk, acting, options));
    provider.registerGrantType(tokenExchange, (ctx) => exchange(provider, ctx, jwk, acting), [
      "subject_token",
      "subject_token_type",
      "requested_token_type",
      "audience",
      "resource",
      "scope",
    ]);
    const answer = provider.callback();
    return async (request, response) => {
      answer(request, response);
      await once(response, "close");
    };
  });
  return {
    issuer: listener.url,
    clientCredentialsToken: (asked) => requestClientCredentials(listener.url, asked),
    personToken(sub, granted, act) {
      const iat = Math.floor(Date.now() / 1000);
      const times = { iat, exp: iat + lifetimes.gate, jti: crypto.randomUUID() };
      const claims = { iss: listener.url, aud: gateAudience, sub, client_id: web.id, scope: granted };
      return forge(key, { alg: "ES256", typ: "at+jwt", kid: key.kid }, { ...claims, ...times, act });
    },
    close: listener.close,
  };
}

function configuration(
  jwk: JWK,
  acting: WeakMap<AccessToken, ActClaim>,
  { gateTokens = "jwt", authMethod = "client_secret_basic" }: AuthorizationServerOptions,
): Configuration {
  const redirectless = {
    response_types: [],
    redirect_uris: [],
    id_token_signed_response_alg: "ES256" as const,
  };
  return {
    jwks: { keys: [jwk] },
    scopes: scope.split(" "),
    clients: [
      {
        ...redirectless,
        client_id: clientId,
        client_secret: clientSecret,
        grant_types: [tokenExchange, "client_credentials"],
        token_endpoint_auth_method: authMethod,
      },
      {
        ...redirectless,
        client_id: web.id,
        client_secret: web.secret,
        grant_types: ["client_credentials"],
      },
    ],
    enabledJWA: { idTokenSigningAlgValues: ["ES256"] },
    ttl: {
      Grant: lifetimes.grant,
      AccessToken: (_ctx, { resourceServer }) => resourceServer?.accessTokenTTL ?? lifetimes.grant,
      ClientCredentials: (_ctx, { resourceServer }) => resourceServer?.accessTokenTTL ?? lifetimes.gate,
    },
    cookies: { keys: ["none is ever set"] },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    extraTokenClaims(_ctx, token) {
      if (token.kind === "ClientCredentials")
        return gateTokens === "opaque" ? { sub: token.clientId } : undefined;
      const act = acting.get(token);
      return act && { act };
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => gateAudience,
        getResourceServerInfo: (_ctx, resource) => resourceServer(resource, gateTokens),
      },
    },
  };
}

function resourceServer(audience: string, gateTokens: "jwt" | "opaque") {
  if (audience !== gateAudience && audience !== grantAudience) throw new errors.InvalidTarget();
  const isGate = audience === gateAudience;
  return {
    audience,
    scope,
    accessTokenFormat: isGate ? gateTokens : "opaque",
    accessTokenTTL: isGate ? lifetimes.gate : lifetimes.grant,
    jwt: { sign: { alg: "ES256" as const } },
  };
}

async function exchange(
  provider: Provider,
  ctx: TokenEndpointGrantContext,
  jwk: JWK,
  acting: WeakMap<AccessToken, ActClaim>,
): Promise<void> {
  const { client, params } = ctx.oidc;
  const subject = await readSubject(provider, String(params["subject_token"]), jwk);
  const granted = narrow(String(params["scope"] ?? subject.scope), subject.scope);
  const resource = resourceServer(String(params["audience"]), "opaque");
  const act = subject.act ? { sub: client.clientId, act: subject.act } : { sub: client.clientId };
  const grantId = await saveGrant(provider, client, subject.sub, resource.audience, granted);
  const token = new provider.AccessToken({
    client,
    accountId: subject.sub,
    grantId,
    gty: tokenExchange,
    scope: granted,
    resourceServer: new provider.ResourceServer(resource.audience, resource),
  });
  acting.set(token, act);
  ctx.body = {
    access_token: await token.save(),
    issued_token_type: accessTokenType,
    token_type: "Bearer",
    expires_in: token.expiration,
    scope: granted,
  };
}

async function readSubject(provider: Provider, token: string, jwk: JWK): Promise<Exchanged> {
  try {
    const { kty, crv, x, y } = jwk as Record<string, string>;
    const key = await importJWK({ kty, crv, x, y } as JWK, "ES256");
    const expected = { issuer: provider.issuer, audience: gateAudience, typ: "at+jwt" };
    return (await jwtVerify<Exchanged>(token, key, expected)).payload;
  } catch {
    throw new errors.InvalidGrant("subject_token is not valid");
  }
}

function narrow(asked: string, held: string): string {
  const scopes = new Set(held.split(" "));
  if (asked.split(" ").every((one) => scopes.has(one))) return asked;
  throw new errors.InvalidScope("more than the subject_token holds", asked);
}

async function saveGrant(
  provider: Provider,
  { clientId }: Client,
  accountId: string,
  audience: string,
  granted: string,
): Promise<string> {
  const grant = new provider.Grant({ clientId, accountId });
  grant.addResourceScope(audience, granted);
  return grant.save();
}

async function requestClientCredentials(issuer: string, asked: string): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${web.id}:${web.secret}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: asked }),
  });
  const { access_token } = (await response.json()) as { access_token: string };
  return access_token;
}
