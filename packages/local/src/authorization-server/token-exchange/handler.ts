import type Provider from "oidc-provider";
import { type AccessToken, errors, type TokenEndpointGrantContext } from "oidc-provider";
import {
  applyRefreshTokenBindings,
  buildTokenResponse,
  checkDpopReplay,
  checkDpopRequired,
  findAccount,
  resolveRequestedResources,
  validateDpop,
} from "oidc-provider/lib/helpers/grants.js";
import type { ServerKeys } from "../keys.ts";
import type { Resources } from "../resources.ts";
import { type ExchangeGrant, extendGrantModel, nestActor, saveExchangeGrant } from "./grant.ts";
import { createTokenReader, type PresentedToken } from "./presented-token.ts";
import {
  accessTokenType,
  chooseAudience,
  chooseScopes,
  type ExchangeRequest,
  exchangeParameters,
  parseExchangeRequest,
  tokenExchangeGrantType,
} from "./request.ts";

type Context = TokenEndpointGrantContext;
type DpopProof = Awaited<ReturnType<typeof validateDpop>>;

export interface TokenExchangeDependencies {
  signing: ServerKeys["signing"];
  resources: Resources;
}

/**
 * Adds OAuth 2.0 Token Exchange to `provider`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8693
 */
export function registerTokenExchange(
  provider: Provider,
  { signing, resources }: TokenExchangeDependencies,
): void {
  extendGrantModel(provider);
  const readToken = createTokenReader(provider, signing);

  const handle = async (ctx: Context): Promise<void> => {
    const proof = await validateDpop(provider, ctx);
    checkDpopRequired(provider, ctx, proof);
    const request = parseExchangeRequest(ctx.oidc.params);
    requireRefreshAllowed(ctx, request);

    const subject = await readToken(request.subjectToken, "subject_token");
    const actor =
      request.actorToken === undefined ? undefined : await readToken(request.actorToken, "actor_token");
    for (const token of [subject, actor]) requireProofOf(ctx, token, proof);
    await assignAccount(provider, ctx, subject);

    const resource = await resolveResource(provider, ctx, chooseAudience(request, subject, resources));
    const scopes = chooseScopes(request, subject, {
      resourceScopes: resource.scopes,
      clientScope: ctx.oidc.client.scope,
    });
    const act = nestActor(actor?.clientId ?? ctx.oidc.client.clientId, subject.act);
    await checkDpopReplay(provider, ctx, proof, ctx.oidc.client.clientId);

    const { client } = ctx.oidc;
    const { wantsRefreshToken } = request;
    const grant = await saveExchangeGrant(provider, {
      client,
      subject,
      resource,
      scopes,
      act,
      wantsRefreshToken,
    });
    ctx.oidc.entity("Grant", grant);
    await issueTokens(provider, ctx, { grant, resource, scopes, proof, wantsRefreshToken });
  };
  provider.registerGrantType(tokenExchangeGrantType, handle, exchangeParameters);
}

function requireRefreshAllowed(ctx: Context, { wantsRefreshToken }: ExchangeRequest): void {
  if (wantsRefreshToken && !ctx.oidc.client.grantTypeAllowed("refresh_token")) {
    throw new errors.InvalidScope("the client may not have refresh tokens", "offline_access");
  }
}

// A confidential client answers for the proof it saw; from a public one, a bound token needs its key.
function requireProofOf(ctx: Context, token: PresentedToken | undefined, proof: DpopProof): void {
  if (token?.jkt === undefined || ctx.oidc.client.clientAuthMethod !== "none") return;
  if (token.jkt !== proof?.thumbprint) {
    throw new errors.InvalidRequest("a token bound to a DPoP key is exchanged without a proof of that key");
  }
}

async function assignAccount(provider: Provider, ctx: Context, { sub }: PresentedToken): Promise<void> {
  const account = await findAccount(provider, ctx, sub);
  if (!account) throw new errors.InvalidRequest("subject_token is of a subject that no longer exists");
  ctx.oidc.entity("Account", account);
}

async function resolveResource(provider: Provider, ctx: Context, audience: string) {
  ctx.oidc.params.resource = audience;
  const [resource] = await resolveRequestedResources(provider, ctx);
  if (!resource) throw new errors.InvalidTarget();
  return resource;
}

interface Issue {
  grant: ExchangeGrant;
  resource: Awaited<ReturnType<typeof resolveResource>>;
  scopes: string[];
  proof: DpopProof;
  wantsRefreshToken: boolean;
}

async function issueTokens(provider: Provider, ctx: Context, issue: Issue): Promise<void> {
  const { grant, resource, scopes, proof, wantsRefreshToken } = issue;
  const token = new provider.AccessToken({
    client: ctx.oidc.client,
    accountId: grant.accountId ?? "",
    grantId: grant.jti,
    gty: tokenExchangeGrantType,
    scope: scopes.join(" "),
    resourceServer: resource,
  });
  if (proof) token.setThumbprint("jkt", proof.thumbprint);
  capLifetime(token, grant);
  ctx.oidc.entity("AccessToken", token);
  const accessToken = await token.save();

  ctx.body = buildTokenResponse(provider, {
    accessToken,
    tokenType: token.tokenType,
    issuedTokenType: accessTokenType,
    expiresIn: Math.max(0, (token.exp ?? 0) - Math.floor(Date.now() / 1000)),
    scope: token.scope,
    refreshToken: wantsRefreshToken ? await issueRefreshToken(provider, ctx, token, issue) : undefined,
  });
}

// Set as an instant: as a duration it could pass the grant's end when the clock ticks in between.
function capLifetime(token: AccessToken, grant: ExchangeGrant): void {
  const now = Math.floor(Date.now() / 1000);
  token.exp = Math.min(now + token.expiration, grant.exp ?? Number.POSITIVE_INFINITY);
}

async function issueRefreshToken(
  provider: Provider,
  ctx: Context,
  accessToken: AccessToken,
  { grant, resource, scopes }: Issue,
): Promise<string> {
  const token = new provider.RefreshToken({
    client: ctx.oidc.client,
    accountId: grant.accountId ?? "",
    grantId: grant.jti,
    gty: tokenExchangeGrantType,
    scope: [...scopes, "offline_access"].join(" "),
    resource: resource.identifier(),
    rotations: 0,
  });
  await applyRefreshTokenBindings(provider, ctx, accessToken, token);
  ctx.oidc.entity("RefreshToken", token);
  return token.save();
}
