import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as oauth from "openid-client";
import { openDatabase } from "../../wire/database.ts";
import type { AuthorizationServerOptions, ClientRegistration } from "../options.ts";
import { type AuthorizationServer, createAuthorizationServer } from "../server.ts";
import { aesCipher } from "./aes-cipher.ts";

export const exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
export const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";

/** Resource with JWT access tokens, and the default. */
export const gateApi = "https://gate.example";
/** Resource with opaque access tokens. */
export const paymentsApi = "https://payments.example";

export const secrets = {
  agent: "agent-secret-M2VjNmE5",
  gate: "gate-secret-ZTQ0YjVk",
  broker: "broker-secret-YWIzZDNk",
  keeper: "keeper-secret-NzdkOTM1",
  api: "api-secret-OWE4YzQ3",
  console: "console-secret-Y2Q2NWQ5",
};

export const callback = "http://127.0.0.1:9999/callback";

const clients: ClientRegistration[] = [
  {
    client_id: "agent",
    client_secret: secrets.agent,
    grant_types: ["client_credentials"],
    scope: "payout:start payout:admin payments:write",
  },
  {
    client_id: "gate",
    client_secret: secrets.gate,
    grant_types: ["client_credentials", exchangeGrant, "refresh_token"],
  },
  { client_id: "broker", client_secret: secrets.broker, grant_types: ["client_credentials", exchangeGrant] },
  {
    client_id: "keeper",
    client_secret: secrets.keeper,
    grant_types: [exchangeGrant, "refresh_token"],
    may_outlive_subject: true,
  },
  {
    client_id: "api",
    client_secret: secrets.api,
    grant_types: ["client_credentials"],
    may_introspect: true,
  },
  {
    client_id: "console",
    client_secret: secrets.console,
    client_name: "The <Console>",
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: [callback],
  },
  { client_id: "mobile", grant_types: [exchangeGrant], token_endpoint_auth_method: "none" },
  {
    client_id: "browser",
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: [callback],
    token_endpoint_auth_method: "none",
  },
];

export interface TestServerOptions extends Partial<AuthorizationServerOptions> {
  path?: string;
  port?: number;
  issuerPath?: string;
}

export type TestServer = Awaited<ReturnType<typeof startTestServer>>;

export const cipherKey = Buffer.alloc(32, 7);

/** A server on loopback, with clients, people and resources as the tests expect them. */
export async function startTestServer({
  path = ":memory:",
  port = 0,
  issuerPath = "",
  ...options
}: TestServerOptions = {}) {
  const http = createServer();
  await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve));
  const { port: actualPort } = http.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${actualPort}${issuerPath}`;
  const database = openDatabase(path);
  const reported: string[] = [];
  const server: AuthorizationServer = await createAuthorizationServer({
    database,
    issuer,
    cipher: aesCipher(cipherKey),
    clients,
    accounts: [
      {
        sub: "alice",
        name: "Alice",
        email: "alice@example.com",
        password: "wonder",
        claims: { groups: ["ops"] },
      },
      { sub: "bob" },
    ],
    resources: [
      {
        audience: gateApi,
        scopes: ["payout:start", "payout:admin", "payments:write"],
        accessTokenFormat: "jwt",
        accessTokenTtlSeconds: 600,
      },
      {
        audience: paymentsApi,
        scopes: ["payments:read", "payments:write", "payout:start"],
        accessTokenFormat: "opaque",
        accessTokenTtlSeconds: 900,
      },
    ],
    defaultResource: gateApi,
    report: (line) => reported.push(line),
    ...options,
  });
  http.on("request", (request, response) => {
    // A client of this process would else send to a connection that a restart has just closed.
    response.shouldKeepAlive = false;
    server.listener(request, response);
  });

  return {
    ...server,
    issuer,
    port: actualPort,
    database,
    reported,
    /** An openid-client configuration, by discovery; without a secret a public client. */
    as: (clientId: string, secret?: string) => discover(issuer, clientId, secret),
    async stop() {
      await server.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      database.close();
    },
  };
}

function discover(issuer: string, clientId: string, secret?: string): Promise<oauth.Configuration> {
  const authentication = secret === undefined ? oauth.None() : oauth.ClientSecretBasic(secret);
  return oauth.discovery(new URL(issuer), clientId, undefined, authentication, {
    execute: [oauth.allowInsecureRequests],
  });
}

/** What an OAuth refusal said: its `error` and HTTP status. */
export async function refusalOf(request: Promise<unknown>): Promise<{ error: string; status: number }> {
  const failure = await request.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof oauth.ResponseBodyError) return { error: failure.error, status: failure.status };
  if (failure instanceof oauth.WWWAuthenticateChallengeError) {
    return { error: failure.cause[0]?.parameters.error ?? "", status: failure.status };
  }
  throw new Error("expected an OAuth refusal", { cause: failure });
}

export function readClaims(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString("utf8"));
}

export function readHeader(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split(".")[0] ?? "", "base64url").toString("utf8"));
}

/** Exchanges `subjectToken` as `config`'s client. */
export function exchange(
  config: oauth.Configuration,
  subjectToken: string,
  parameters: Record<string, string> = {},
  options?: Parameters<typeof oauth.genericGrantRequest>[3],
) {
  const required = { subject_token: subjectToken, subject_token_type: accessTokenType };
  return oauth.genericGrantRequest(config, exchangeGrant, { ...required, ...parameters }, options);
}
