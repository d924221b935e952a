import {
  type AccessToken,
  type Account,
  type AdapterFactory,
  type Client,
  type ClientCredentials,
  type Configuration,
  errors,
  type KoaContextWithOIDC,
  type RefreshToken,
} from "oidc-provider";
import type { Accounts } from "./accounts.ts";
import { generateClientSecret } from "./client-secrets.ts";
import { renderErrorPage, renderSignedOutPage, renderSignOutPage } from "./interaction/provider-pages.ts";
import type { ServerKeys } from "./keys.ts";
import { lifetimes } from "./lifetimes.ts";
import type { ClientRegistration } from "./options.ts";
import type { Resources } from "./resources.ts";
import type { ExchangeGrant } from "./token-exchange/grant.ts";

export interface ConfigurationParts {
  adapter: AdapterFactory;
  accounts: Accounts;
  clients: ClientRegistration[];
  keys: ServerKeys;
  resources: Resources;
  initialAccessToken: string | undefined;
  interactionPath: (uid: string) => string;
}

// Only what works without the client's secret in the clear: no `client_secret_jwt`, no HS256 anywhere.
const clientSigningAlgorithms = ["ES256", "RS256", "PS256", "EdDSA", "Ed25519"] as const;

/** What makes oidc-provider the server described in the README. */
export function buildConfiguration(parts: ConfigurationParts): Configuration {
  const { adapter, accounts, clients, keys, resources } = parts;
  return {
    adapter,
    clients,
    jwks: { keys: [keys.signing.jwk] },
    cookies: {
      keys: keys.cookies,
      names: {
        session: "countersign_session",
        interaction: "countersign_interaction",
        resume: "countersign_resume",
      },
      long: { signed: true, httpOnly: true, sameSite: "lax" },
      short: { signed: true, httpOnly: true, sameSite: "lax" },
    },
    scopes: ["openid", "offline_access", ...resources.scopes],
    claims: { openid: ["sub"], profile: ["name", ...accounts.claimNames], email: ["email"] },
    responseTypes: ["code"],
    pkce: { required: () => true },
    clientAuthMethods: ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    enabledJWA: { clientAuthSigningAlgValues: clientSigningAlgorithms, idTokenSigningAlgValues: ["ES256"] },
    clockTolerance: 5,
    ttl: lifetimes,
    rotateRefreshToken: true,
    revokeGrantPolicy: () => true,
    extraClientMetadata: {
      properties: ["may_introspect", "may_outlive_subject"],
      validator: refuseSelfGrantedRights,
    },
    clientBasedCORS: isOwnOrigin,
    findAccount: createAccountFinder(accounts),
    extraTokenClaims: createTokenClaims(accounts),
    renderError: renderErrorPage,
    interactions: { url: (_ctx, interaction) => parts.interactionPath(interaction.uid) },
    features: buildFeatures(parts),
  };
}

function buildFeatures({ resources, initialAccessToken }: ConfigurationParts): Configuration["features"] {
  const registers = initialAccessToken !== undefined;
  return {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    dPoP: { enabled: true },
    introspection: { enabled: true, allowedPolicy: mayIntrospect },
    pushedAuthorizationRequests: { enabled: true },
    ...(registers && {
      registration: { enabled: true, initialAccessToken, secretFactory: generateClientSecret },
      registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
    }),
    resourceIndicators: {
      enabled: true,
      defaultResource: (_ctx, _client, oneOf) => oneOf ?? resources.defaultResource,
      getResourceServerInfo: (_ctx, indicator) => resources.get(indicator),
      useGrantedResource: () => true,
    },
    revocation: { enabled: true, allowedPolicy: mayRevoke },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: renderSignOutPage,
      postLogoutSuccessSource: renderSignedOutPage,
    },
    userinfo: { enabled: false },
  };
}

type IntrospectedToken = AccessToken | ClientCredentials | RefreshToken;

/**
 * A client sees its own tokens; a resource server every access token, and no refresh token.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7662#section-4
 */
async function mayIntrospect(
  ctx: KoaContextWithOIDC,
  client: Client,
  token: IntrospectedToken,
): Promise<boolean> {
  if (token.clientId === client.clientId) return true;
  if (client["may_introspect"] !== true || token.kind === "RefreshToken") return false;
  // A token whose client was taken out of the configuration is dead.
  return token.clientId !== undefined && (await ctx.oidc.provider.Client.find(token.clientId)) !== undefined;
}

/** @see https://www.rfc-editor.org/rfc/rfc7009#section-2.1 */
async function mayRevoke(
  _ctx: KoaContextWithOIDC,
  client: Client,
  token: IntrospectedToken,
): Promise<boolean> {
  if (token.clientId === client.clientId) return true;
  throw new errors.InvalidRequest("the token was not issued to this client");
}

// A context is present only when the metadata comes in a registration request.
function refuseSelfGrantedRights(ctx: KoaContextWithOIDC | undefined, name: string, value: unknown): void {
  if (value === undefined) return;
  if (ctx !== undefined) throw new errors.InvalidClientMetadata(`${name} can't be given by registration`);
  if (typeof value !== "boolean") throw new errors.InvalidClientMetadata(`${name} must be a boolean`);
}

// Browser code may call the token endpoint only as a public client, from where its redirects go.
function isOwnOrigin(_ctx: KoaContextWithOIDC, origin: string, client: Client): boolean {
  if (client.clientAuthMethod !== "none" || origin === "null") return false;
  return (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin);
}

/** A person, or a client that was the subject of its own token when that was exchanged. */
function createAccountFinder(accounts: Accounts) {
  return async (ctx: KoaContextWithOIDC, sub: string): Promise<Account | undefined> => {
    const account = accounts.find(sub);
    if (account || !(await ctx.oidc.provider.Client.find(sub))) return account;
    return { accountId: sub, claims: () => ({ sub }) };
  };
}

function createTokenClaims(accounts: Accounts) {
  return (ctx: KoaContextWithOIDC, token: AccessToken | ClientCredentials): Record<string, unknown> => {
    if (token.kind === "ClientCredentials") return { sub: token.clientId };
    const grant = ctx.oidc.entities.Grant as ExchangeGrant | undefined;
    return {
      ...accounts.tokenClaims(token.accountId),
      // Where it can be seen whether a JWT's grant was revoked; it opens nothing.
      grant_id: token.grantId,
      ...(grant?.act && { act: grant.act }),
    };
  };
}
