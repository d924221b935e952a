import type { ConfigInput, IssuerConfig } from "@countersign/core/config/config";
import type { ClientSecretReader } from "../src/oauth/client-secret.ts";
import { createIdentityProviders, type OAuthIdentityProvider } from "../src/oauth/identity-provider.ts";
import { clientId, clientSecret, issuerConfig } from "./issuer-config.ts";

export interface ClientOptions {
  readonly secret?: ClientSecretReader;
  readonly method?: IssuerConfig["client"]["method"];
  readonly overrides?: Partial<ConfigInput["issuers"][number]>;
  readonly now?: () => number;
  readonly timeoutSeconds?: number;
}

/** The identity provider at an issuer, as this package's users get it. */
export function providerAt(
  issuer: string,
  {
    secret = async () => clientSecret,
    method = "client_secret_basic",
    overrides = {},
    now = Date.now,
    ...rest
  }: ClientOptions = {},
): OAuthIdentityProvider {
  const client = { id: clientId, secret: "countersign/client", method };
  const issuers = [issuerConfig(issuer, { client, ...overrides })];
  return createIdentityProviders({ issuers, clientSecret: secret, clock: { now }, ...rest }).of(issuer);
}
