import type { DatabaseSync } from "node:sqlite";
import type { Config } from "@countersign/core/config/config";
import type { AuthorizationServerOptions } from "../authorization-server/server.ts";
import type { StateFolder } from "./state-folder.ts";

export interface IssuerSettings {
  readonly config: Config;
  readonly issuer: string;
  readonly database: DatabaseSync;
  readonly cipher: AuthorizationServerOptions["cipher"];
  /** Secrets of Countersign's own clients, by client id. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly state: StateFolder;
}

/** Where a caller's client secret is kept in the state folder. */
export const clientSecretFile = (clientId: string): string =>
  `clients/${encodeURIComponent(clientId)}.secret`;

/** The authorization server that a configuration's first issuer describes, with its clients, people and audiences. */
export function issuerOptions({
  config,
  issuer,
  database,
  cipher,
  secrets,
  state,
}: IssuerSettings): AuthorizationServerOptions {
  const [gate] = config.issuers;
  if (!gate) throw new TypeError("a configuration has at least one issuer");
  const callers = Object.entries(config.local.clients);
  const scopes = [...new Set(callers.flatMap(([, client]) => client.scopes))];
  return {
    database,
    issuer,
    cipher,
    defaultResource: gate.audience,
    resources: [
      { audience: gate.audience, scopes, accessTokenFormat: "jwt", accessTokenTtlSeconds: 3600 },
      { audience: gate.grantAudience, scopes, accessTokenFormat: "opaque", accessTokenTtlSeconds: 3600 },
    ],
    clients: [
      ownClient(gate.client.id, secrets.get(gate.client.id) ?? "", scopes),
      ...callers.map(([id, client]) => callerClient(id, client, state)),
    ],
    accounts: Object.entries(config.local.people).map(([sub, { name, email }]) => ({ sub, name, email })),
    initialAccessToken: state.secret("clients/initial-access-token"),
  };
}

type Client = AuthorizationServerOptions["clients"][number];

function ownClient(id: string, secret: string, scopes: readonly string[]): Client {
  return {
    client_id: id,
    client_secret: secret,
    grant_types: ["urn:ietf:params:oauth:grant-type:token-exchange"],
    redirect_uris: [],
    response_types: [],
    scope: scopes.join(" "),
    token_endpoint_auth_method: "client_secret_basic",
  };
}

function callerClient(id: string, client: Config["local"]["clients"][string], state: StateFolder): Client {
  const interactive = client.redirectUris.length > 0;
  return {
    client_id: id,
    client_secret: state.secret(clientSecretFile(id)),
    grant_types: [
      "client_credentials",
      ...(interactive ? ["authorization_code", "refresh_token"] : []),
      ...(client.agent ? ["urn:ietf:params:oauth:grant-type:token-exchange"] : []),
    ],
    redirect_uris: client.redirectUris,
    response_types: interactive ? ["code"] : [],
    // Whoever a person signs in to may say who that is, and keep a refresh token, without saying so as well.
    scope: [...new Set([...(interactive ? ["openid", "offline_access"] : []), ...client.scopes])].join(" "),
    token_endpoint_auth_method: "client_secret_basic",
  };
}
