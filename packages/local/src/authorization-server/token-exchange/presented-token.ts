import type Provider from "oidc-provider";
import { errors } from "oidc-provider";
import type { ServerKeys } from "../keys.ts";
import { type ActorClaim, actorClaim, isCompactJwt, readOwnJwt } from "./own-jwt.ts";

/** What an access token of this server stands for, whichever form it has. */
export interface PresentedToken {
  sub: string;
  clientId: string;
  scopes: string[];
  audience: string | undefined;
  exp: number;
  act: ActorClaim | undefined;
  grantId: string | undefined;
  /** Thumbprint of the key the token is bound to (RFC 9449 §6.1). */
  jkt: string | undefined;
}

type Role = "subject_token" | "actor_token";

/** Reads access tokens of `provider` that are live: neither expired nor revoked, as far as is known. */
export function createTokenReader(provider: Provider, signing: ServerKeys["signing"]) {
  /** @throws {errors.InvalidRequest} as RFC 8693 §2.2.2 asks for a token that can't be used. */
  return async (value: string, role: Role): Promise<PresentedToken> => {
    const token = isCompactJwt(value)
      ? readJwt(value, role, provider.issuer, signing)
      : await readOpaque(provider, value, role);
    if (token.exp <= Date.now() / 1000) throw new errors.InvalidRequest(`${role} is expired`);
    await requireUnrevoked(provider, token, role);
    return token;
  };
}

function readJwt(value: string, role: Role, issuer: string, signing: ServerKeys["signing"]): PresentedToken {
  const claims = readOwnJwt(value, issuer, signing);
  if (!claims) throw new errors.InvalidRequest(`${role} is not an access token of this issuer`);
  return {
    sub: claims.sub,
    clientId: claims.client_id,
    scopes: splitScope(claims.scope),
    audience: claims.aud,
    exp: claims.exp,
    act: claims.act,
    grantId: claims.grant_id,
    jkt: claims.cnf?.jkt,
  };
}

async function readOpaque(provider: Provider, value: string, role: Role): Promise<PresentedToken> {
  const token = (await provider.AccessToken.find(value)) ?? (await provider.ClientCredentials.find(value));
  if (token?.clientId === undefined || token.exp === undefined) {
    throw new errors.InvalidRequest(
      `${role} is not an access token of this issuer, or is expired or revoked`,
    );
  }
  const isDelegated = token.kind === "AccessToken";
  return {
    sub: isDelegated ? token.accountId : token.clientId,
    clientId: token.clientId,
    scopes: splitScope(token.scope),
    audience: Array.isArray(token.aud) ? token.aud[0] : token.aud,
    exp: token.exp,
    act: actorClaim.optional().parse(token.extra?.["act"]),
    grantId: isDelegated ? token.grantId : undefined,
    jkt: token.jkt,
  };
}

async function requireUnrevoked(provider: Provider, token: PresentedToken, role: Role): Promise<void> {
  if (!(await provider.Client.find(token.clientId))) {
    throw new errors.InvalidRequest(`${role} was issued to a client that is no longer registered`);
  }
  if (token.grantId === undefined) return;
  if (!(await provider.Grant.find(token.grantId))) throw new errors.InvalidRequest(`${role} is revoked`);
}

export function splitScope(scope: string | undefined): string[] {
  return scope === undefined || scope === "" ? [] : scope.split(" ");
}
