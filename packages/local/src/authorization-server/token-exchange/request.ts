import { errors } from "oidc-provider";
import type { Resources } from "../resources.ts";
import { type PresentedToken, splitScope } from "./presented-token.ts";

export const tokenExchangeGrantType = "urn:ietf:params:oauth:grant-type:token-exchange";
export const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";
const jwtType = "urn:ietf:params:oauth:token-type:jwt";

/** The request parameters of RFC 8693 §2.1, beside the grant type and client authentication. */
export const exchangeParameters = [
  ...["subject_token", "subject_token_type", "actor_token", "actor_token_type"],
  ...["requested_token_type", "audience", "resource", "scope"],
];

/** A token exchange request, its form checked and nothing else. */
export interface ExchangeRequest {
  subjectToken: string;
  actorToken: string | undefined;
  target: string | undefined;
  scopes: string[] | undefined;
  wantsRefreshToken: boolean;
}

/**
 * @throws {errors.InvalidRequest} for a parameter that is missing or has a value not supported here.
 * @throws {errors.InvalidTarget} when `audience` and `resource` name different resources.
 */
export function parseExchangeRequest(params: Record<string, unknown>): ExchangeRequest {
  const subjectToken = textOf(params, "subject_token");
  if (subjectToken === undefined)
    throw new errors.InvalidRequest("missing required parameter: subject_token");
  requireTokenType(params, "subject_token_type", [accessTokenType, jwtType]);

  const actorToken = textOf(params, "actor_token");
  if (actorToken !== undefined) requireTokenType(params, "actor_token_type", [accessTokenType, jwtType]);
  else if (textOf(params, "actor_token_type") !== undefined) {
    throw new errors.InvalidRequest("actor_token_type is given without actor_token");
  }
  if (textOf(params, "requested_token_type") !== undefined) {
    requireTokenType(params, "requested_token_type", [accessTokenType]);
  }
  return { subjectToken, actorToken, target: targetOf(params), ...scopesOf(params) };
}

function requireTokenType(params: Record<string, unknown>, name: string, allowed: string[]): void {
  const value = textOf(params, name);
  if (value === undefined) throw new errors.InvalidRequest(`missing required parameter: ${name}`);
  if (!allowed.includes(value)) throw new errors.InvalidRequest(`${name} must be ${allowed.join(" or ")}`);
}

function targetOf(params: Record<string, unknown>): string | undefined {
  const resource = textOf(params, "resource");
  const audience = textOf(params, "audience");
  if (resource !== undefined && audience !== undefined && resource !== audience) {
    throw new errors.InvalidTarget("audience and resource name different resources, expected one");
  }
  return resource ?? audience;
}

function scopesOf(params: Record<string, unknown>): Pick<ExchangeRequest, "scopes" | "wantsRefreshToken"> {
  const asked = splitScope(textOf(params, "scope"));
  const scopes = asked.filter((scope) => scope !== "offline_access");
  return { scopes: scopes.length > 0 ? scopes : undefined, wantsRefreshToken: asked.length > scopes.length };
}

function textOf(params: Record<string, unknown>, name: string): string | undefined {
  const value = params[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Without a target the token keeps its audience. */
export function chooseAudience(
  { target }: ExchangeRequest,
  subject: PresentedToken,
  resources: Resources,
): string {
  if (target !== undefined) return target;
  return subject.audience !== undefined && resources.has(subject.audience)
    ? subject.audience
    : resources.defaultResource;
}

/**
 * The scopes of the new token: those asked for, or without any what the subject token and the resource share.
 *
 * @throws {errors.InvalidScope} when one asked for is beyond the subject token, the resource or the client.
 */
export function chooseScopes(
  { scopes }: ExchangeRequest,
  subject: PresentedToken,
  { resourceScopes, clientScope }: { resourceScopes: Set<string>; clientScope: string | undefined },
): string[] {
  const ofClient = clientScope === undefined ? undefined : splitScope(clientScope);
  const limits: [string, (scope: string) => boolean][] = [
    ["subject_token does not have the scope asked for", (scope) => subject.scopes.includes(scope)],
    ["the resource does not have the scope asked for", (scope) => resourceScopes.has(scope)],
    ["the client may not have the scope asked for", (scope) => ofClient?.includes(scope) ?? true],
  ];
  for (const [refusal, allows] of limits) {
    const beyond = scopes?.find((scope) => !allows(scope));
    if (beyond !== undefined) throw new errors.InvalidScope(refusal, beyond);
  }
  const chosen = scopes ?? subject.scopes.filter((scope) => limits.every(([, allows]) => allows(scope)));
  if (chosen.length === 0) {
    throw new errors.InvalidScope("subject_token has no scope that the resource knows", "");
  }
  return [...new Set(chosen)];
}
