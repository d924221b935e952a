import { readFileSync } from "node:fs";
import type { ConfigInput } from "@countersign/core/config/config";
import { beginCodeFlow, Person } from "@countersign/local/authorization-server/testing/person";
import { callback } from "@countersign/local/authorization-server/testing/test-server";
import { clientSecretFile } from "@countersign/local/runtime/issuer-options";
import {
  allowInsecureRequests,
  ClientSecretBasic,
  type Configuration,
  discovery,
  genericGrantRequest,
  refreshTokenGrant,
} from "openid-client";
import { audience, type Embedded, grantAudience } from "./embedded.ts";
import type { Observer } from "./observer.ts";

const clientId = "console";
const scope = "payout:start";
const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";

/** An application that a person has signed in to, with tokens of one refresh family. */
export interface SignedInApp {
  readonly accessToken: string;
  /** Another access token for the refresh token, which takes the place of the one before. */
  refresh(): Promise<string>;
}

/** Adds two people, and an application that both sign in to. */
export function withPeople(config: ConfigInput): ConfigInput {
  const { local } = config;
  return {
    ...config,
    local: {
      ...local,
      clients: { ...local?.clients, [clientId]: { scopes: [scope], redirectUris: [callback] } },
      people: {
        ada: { name: "Ada", email: "ada@example.com" },
        grace: { name: "Grace", email: "grace@example.com" },
      },
    },
  };
}

/** Signs a person in by the authorization code flow, for the gate and with a refresh token. */
export async function signIn({ runtime }: Embedded, login: "ada" | "grace"): Promise<SignedInApp> {
  const secret = readFileSync(runtime.state.file(clientSecretFile(clientId)), "utf8");
  const app = await clientAt(runtime.urls.issuer, clientId, secret);
  const person = new Person(runtime.urls.issuer);
  const request = { scope: `openid offline_access ${scope}`, resource: audience, prompt: "consent" };
  const flow = await beginCodeFlow(app, request);
  const refused = await person.open(flow.url);
  if (refused) throw new Error(`signing in was refused: ${refused.searchParams.get("error_description")}`);
  await person.submit({ login, password: "", decision: "allow" });
  const redirect = await person.submit({ decision: "allow" });
  if (!redirect) throw new Error(`signing in ended at a page of status ${person.page.status}`);
  const tokens = await flow.finish(redirect);
  let refreshToken = tokens.refresh_token ?? "";
  return {
    accessToken: tokens.access_token,
    async refresh() {
      const next = await refreshTokenGrant(app, refreshToken, { resource: audience });
      refreshToken = next.refresh_token ?? refreshToken;
      return next.access_token;
    },
  };
}

/** Exchanges a grant token once more as Countersign's own client (RFC 8693), as it is done for a step. */
export async function exchangeAgain(
  { runtime }: Embedded,
  observer: Observer,
  grantToken: string,
): Promise<string> {
  const secret = await observer.secret("countersign/oauth-client");
  const countersign = await clientAt(runtime.urls.issuer, "countersign", secret);
  const response = await genericGrantRequest(countersign, "urn:ietf:params:oauth:grant-type:token-exchange", {
    subject_token: grantToken,
    subject_token_type: accessTokenType,
    audience: grantAudience,
    scope,
  });
  return response.access_token;
}

function clientAt(issuer: string, id: string, secret: string): Promise<Configuration> {
  const options = { execute: [allowInsecureRequests] };
  return discovery(new URL(issuer), id, undefined, ClientSecretBasic(secret), options);
}
