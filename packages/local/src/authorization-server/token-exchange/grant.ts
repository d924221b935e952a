import type Provider from "oidc-provider";
import { type Client, errors, type Grant, type ResourceServerInstance } from "oidc-provider";
import { longestGrantSeconds } from "../artifact-store.ts";
import { descendantGrantId } from "../grant-family.ts";
import type { ActorClaim } from "./own-jwt.ts";
import type { PresentedToken } from "./presented-token.ts";

/** A grant made by token exchange; it carries the actors, so that refreshed tokens name them as well. */
export type ExchangeGrant = Grant & { act?: ActorClaim };

const longestActorChain = 16;

/** Lets the provider's Grant model keep `act`; called once per provider, before its first grant. */
export function extendGrantModel(provider: Provider): void {
  Object.defineProperty(provider.Grant, "IN_PAYLOAD", { value: [...provider.Grant.IN_PAYLOAD, "act"] });
}

/**
 * `act` of the token to issue: `actor`, and inside it whoever acted before (RFC 8693 §4.1).
 *
 * @throws {errors.InvalidRequest} for a chain of more than 16.
 */
export function nestActor(actor: string, previous: ActorClaim | undefined): ActorClaim {
  let length = 1;
  for (let act = previous; act; act = act.act) length += 1;
  if (length > longestActorChain) {
    throw new errors.InvalidRequest(
      `subject_token was passed on ${length - 1} times, the most is ${longestActorChain}`,
    );
  }
  return previous ? { sub: actor, act: previous } : { sub: actor };
}

export interface GrantParts {
  client: Client;
  subject: PresentedToken;
  resource: ResourceServerInstance;
  scopes: string[];
  act: ActorClaim;
  wantsRefreshToken: boolean;
}

/**
 * Stores the grant of one exchange: its own, but in the family of the grant that an already exchanged
 * subject token hangs on, so that revoking that one ends this one as well.
 *
 * The grant ends when the last token under it may; tokens are never given a longer life than it.
 */
export async function saveExchangeGrant(provider: Provider, parts: GrantParts): Promise<ExchangeGrant> {
  const { client, subject, resource, scopes, act, wantsRefreshToken } = parts;
  const grant: ExchangeGrant = new provider.Grant({ clientId: client.clientId, accountId: subject.sub });
  grant.addResourceScope(resource.identifier(), scopes);
  grant.act = act;
  if (subject.act && subject.grantId !== undefined) grant.jti = descendantGrantId(subject.grantId);
  grant.exp = grantEnd(client, subject, resource, wantsRefreshToken);
  await grant.save();
  return grant;
}

function grantEnd(
  client: Client,
  subject: PresentedToken,
  resource: ResourceServerInstance,
  wantsRefreshToken: boolean,
): number {
  if (client["may_outlive_subject"] !== true) return subject.exp;
  const seconds = wantsRefreshToken ? longestGrantSeconds : (resource.accessTokenTTL ?? longestGrantSeconds);
  return Math.floor(Date.now() / 1000) + seconds;
}
