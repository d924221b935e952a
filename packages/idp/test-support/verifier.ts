import { createSecretKey } from "node:crypto";
import type { ConfigInput } from "@countersign/core/config/config";
import type { TokenVerifier } from "@countersign/core/token/verified-token";
import { createIdentityProviders } from "../src/oauth/identity-provider.ts";
import { createAccessTokenVerifier } from "../src/verify/access-token-verifier.ts";
import { clientSecret, gateAudience, issuerConfig } from "./issuer-config.ts";
import { type ForgeKey, forge, publicJwk } from "./token-forge.ts";

export const fingerprintKey = { keyId: "k1", key: createSecretKey(new Uint8Array(32).fill(7)) };

export interface VerifierOptions {
  readonly overrides?: Partial<ConfigInput["issuers"][number]>;
  readonly now?: () => number;
  readonly timeoutSeconds?: number;
}

/** A verifier for one issuer that fetches keys and introspects over HTTP. */
export function verifierFor(
  issuer: string,
  { overrides = {}, now = Date.now, timeoutSeconds = 5 }: VerifierOptions = {},
): TokenVerifier {
  const issuers = [issuerConfig(issuer, overrides)];
  const clock = { now };
  const providers = createIdentityProviders({
    issuers,
    clock,
    timeoutSeconds,
    clientSecret: async () => clientSecret,
  });
  return createAccessTokenVerifier({ issuers, clock, providers, fingerprintKey });
}

/** The JWK Set an issuer publishes. */
export function keySet(...keys: readonly ForgeKey[]) {
  return { keys: keys.map(publicJwk) };
}

/** Claims of a sound access token (RFC 9068 §2.2). */
export function soundClaims(issuer: string, now: number = Date.now()): Record<string, unknown> {
  const iat = Math.floor(now / 1000);
  return {
    iss: issuer,
    sub: "alice",
    aud: gateAudience,
    client_id: "web",
    scope: "payout:start payout:status",
    jti: "token-1",
    iat,
    exp: iat + 600,
  };
}

/** A sound access token but for the changes. */
export function accessToken(key: ForgeKey, issuer: string, changes: object = {}): string {
  return forge(key, { alg: key.alg, typ: "at+jwt", kid: key.kid }, { ...soundClaims(issuer), ...changes });
}
