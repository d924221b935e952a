import type {
  AccessToken,
  ClientCredentials,
  Configuration,
  KoaContextWithOIDC,
  RefreshToken,
} from "oidc-provider";
import { longestGrantSeconds } from "./artifact-store.ts";

const hour = 3600;

/** How long each artifact lives, in seconds; no token outlives the grant it hangs on. */
export const lifetimes: NonNullable<Configuration["ttl"]> = {
  AccessToken: (ctx, token) => withinGrant(ctx, resourceTtl(token)),
  AuthorizationCode: () => 60,
  ClientCredentials: (_ctx, token) => resourceTtl(token),
  Grant: () => longestGrantSeconds,
  IdToken: () => hour,
  Interaction: () => hour,
  RefreshToken: (ctx: KoaContextWithOIDC, _token: RefreshToken) => withinGrant(ctx, longestGrantSeconds),
  Session: () => longestGrantSeconds,
};

function resourceTtl(token: AccessToken | ClientCredentials): number {
  return token.resourceServer?.accessTokenTTL ?? hour;
}

function withinGrant(ctx: KoaContextWithOIDC, seconds: number): number {
  const grantEnd = ctx.oidc.entities.Grant?.exp;
  if (grantEnd === undefined) return seconds;
  return Math.max(1, Math.min(seconds, grantEnd - Math.floor(Date.now() / 1000)));
}
