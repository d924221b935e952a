import {
  type Claims,
  claimInvalid,
  quoted,
  readScopeList,
  readScopes,
  requireClaim,
  typeMismatch,
} from "./claim-values.ts";

/** Providers whose JWT access tokens are known well enough to be checked strictly. */
export const profileNames = ["rfc9068", "entra", "okta", "auth0", "cognito", "keycloak"] as const;
export type ProfileName = (typeof profileNames)[number];

/** How a grant comes by its identity at an issuer. */
export const grantModes = ["exchange", "on_behalf_of", "client_credentials", "inbound_only"] as const;
export type GrantMode = (typeof grantModes)[number];

/** What the JWT access tokens of one kind of provider look like, and how what they say is read. */
export interface TokenProfile {
  /** `typ` header values in lower case, `application/` left out; undefined where none is sent. */
  readonly types: readonly (string | undefined)[];
  /** Header members beside `alg`, `typ` and `kid` that are let through, and never read. */
  readonly ignoredHeader: readonly string[];
  readonly keyId: RegExp;
  /** Refuses what lacks the marks of an access token, or has those of another kind of token. */
  readonly checkKind: (claims: Claims) => void;
  /** `none`: tokens name no audience, so that a list of clients stands in its place. */
  readonly audience: "required" | "none";
  /** Audiences that may stand beside the gate's: the issuer's own, where a token is of no use but to its subject. */
  readonly companions: (issuer: string) => readonly string[];
  /** Claims that name the client; all that are there must agree. */
  readonly clientClaims: (claims: Claims) => readonly string[];
  readonly scopes: (claims: Claims) => string[];
  /** The claim that names a subject alike in tokens for any audience. */
  readonly principal: "sub" | "oid";
  /** What shows that Countersign acts in an exchanged token: `act`, or only that it was issued to its client. */
  readonly actingShownBy: "act" | "client";
  /** The ways to a grant, the usual one first. */
  readonly grants: readonly [GrantMode, ...GrantMode[]];
}

const keyId = /^[A-Za-z0-9._~:=+-]{1,128}$/;
/** Plain base64, as Cognito names its keys: the slash is let in only where no dot can make a path of it. */
const keyIdOrBase64 = /^(?:[A-Za-z0-9._~:=+-]{1,128}|[A-Za-z0-9+/]{16,124}={0,2})$/;
const scopeClaim = ({ scope }: Claims): string[] => readScopes(scope);
const exchanging = ["exchange", "client_credentials", "inbound_only"] as const;

const rfc9068: TokenProfile = {
  types: ["at+jwt"],
  ignoredHeader: [],
  keyId,
  checkKind: () => undefined,
  audience: "required",
  companions: () => [],
  clientClaims: () => ["client_id", "azp"],
  scopes: scopeClaim,
  principal: "sub",
  actingShownBy: "act",
  grants: exchanging,
};

/**
 * Access tokens of Microsoft Entra ID, versions 1.0 and 2.0.
 *
 * The subject stays `sub`, as everywhere. Entra makes it differ by audience, so tokens for different
 * audiences are compared by `oid`.
 */
const entra: TokenProfile = {
  ...rfc9068,
  types: ["jwt"],
  ignoredHeader: ["x5t"],
  checkKind: checkEntraKind,
  clientClaims: ({ ver }) => [ver === "1.0" ? "appid" : "azp"],
  scopes: ({ scp, roles }) => (scp === undefined ? readScopeList(roles, "roles") : readScopes(scp, "scp")),
  principal: "oid",
  actingShownBy: "client",
  grants: ["on_behalf_of", "client_credentials", "inbound_only"],
};

/** Access tokens of an Okta custom authorization server; those of the org server are for Okta alone. */
const okta: TokenProfile = {
  ...rfc9068,
  types: [undefined, "at+jwt"],
  checkKind: (claims) => requireMark(claims, "scp"),
  clientClaims: () => ["cid"],
  scopes: ({ scp }) => readScopeList(scp, "scp"),
  actingShownBy: "client",
};

/** Access tokens of Auth0 in both its formats; an ID token has no scope and names no client. */
const auth0: TokenProfile = {
  ...rfc9068,
  types: ["jwt", "at+jwt"],
  checkKind: (claims) => requireMark(claims, "scope"),
  companions: (issuer) => [`${issuer}${issuer.endsWith("/") ? "" : "/"}userinfo`],
  clientClaims: () => ["azp", "client_id"],
};

/** Access tokens of a Cognito user pool, which name no audience: it is the ID tokens that do. */
const cognito: TokenProfile = {
  ...rfc9068,
  types: [undefined],
  keyId: keyIdOrBase64,
  checkKind: (claims) => requireClaim(claims, "token_use", "access"),
  audience: "none",
  clientClaims: () => ["client_id"],
  grants: ["inbound_only"],
};

/** Access tokens of a Keycloak realm, which names the kind of each of its tokens in a claim. */
const keycloak: TokenProfile = {
  ...rfc9068,
  types: ["jwt", "at+jwt"],
  checkKind: (claims) => requireClaim(claims, "typ", "Bearer"),
  companions: () => ["account"],
  clientClaims: () => ["azp", "client_id"],
  actingShownBy: "client",
};

/** The profiles by the names that a configuration uses. */
export const tokenProfiles: Readonly<Record<ProfileName, TokenProfile>> = {
  rfc9068,
  entra,
  okta,
  auth0,
  cognito,
  keycloak,
};

/** An ID token has no `scp`; it may hold `roles`, but only a service's own token has its `sub` in `oid` too. */
function checkEntraKind(claims: Claims): void {
  const { ver, scp, roles, idtyp, sub, oid } = claims;
  if (ver !== "1.0" && ver !== "2.0") throw claimInvalid("ver", `is ${quoted(ver)}, expected "1.0" or "2.0"`);
  if (scp !== undefined) {
    if (idtyp !== undefined && idtyp !== "user") throw claimInvalid("idtyp", 'is not "user" beside "scp"');
    return;
  }
  if (roles === undefined)
    throw typeMismatch("scp", 'is missing, and so is "roles": an ID token has neither');
  if (idtyp !== undefined && idtyp !== "app")
    throw typeMismatch("idtyp", 'is not "app" where "scp" is missing');
  if (sub !== oid) throw typeMismatch("oid", 'differs from "sub" where "scp" is missing, as in an ID token');
}

function requireMark(claims: Claims, name: string): void {
  if (claims[name] === undefined) throw typeMismatch(name, "is missing, as in an ID token");
}
