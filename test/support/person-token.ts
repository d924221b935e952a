import { readFileSync } from "node:fs";
import type { ConfigInput } from "@countersign/core/config/config";
import { beginCodeFlow, Person } from "@countersign/local/authorization-server/testing/person";
import { callback } from "@countersign/local/authorization-server/testing/test-server";
import { clientSecretFile } from "@countersign/local/runtime/issuer-options";
import { allowInsecureRequests, ClientSecretBasic, discovery } from "openid-client";
import { audience, type Embedded } from "./embedded.ts";

const clientId = "portal";
const scope = "payout:start";

/** Adds a person of any `sub`, and an application to sign in to. */
export function withSubject(config: ConfigInput, sub: string): ConfigInput {
  const clients = { ...config.local?.clients, [clientId]: { scopes: [scope], redirectUris: [callback] } };
  const people = { ...config.local?.people, [sub]: { name: "A person", email: "person@example.com" } };
  return { ...config, local: { ...config.local, clients, people } };
}

/** An access token for the gate, of that person signing in by the authorization code flow. */
export async function personToken({ runtime }: Embedded, sub: string): Promise<string> {
  const secret = readFileSync(runtime.state.file(clientSecretFile(clientId)), "utf8");
  const options = { execute: [allowInsecureRequests] };
  const issuer = new URL(runtime.urls.issuer);
  const app = await discovery(issuer, clientId, undefined, ClientSecretBasic(secret), options);
  const person = new Person(runtime.urls.issuer);
  const flow = await beginCodeFlow(app, { scope: `openid ${scope}`, resource: audience });
  const refused = await person.open(flow.url);
  if (refused) throw new Error(`signing in was refused: ${refused.searchParams.get("error_description")}`);
  await person.submit({ login: sub, password: "", decision: "allow" });
  const redirect = await person.submit({ decision: "allow" });
  if (!redirect) throw new Error(`signing in ended at a page of status ${person.page.status}`);
  return (await flow.finish(redirect)).access_token;
}
