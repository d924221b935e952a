import type { ProfileName } from "@countersign/core/token/profiles";
import { gateAudience } from "./issuer-config.ts";

/** What is changed in a provider's own access token; undefined takes a member out. */
export interface Change {
  readonly header?: object;
  readonly claims?: object;
}
/** Name, error code, field at fault, and what makes the profile's access token hostile. */
export type HostileChange = readonly [what: string, code: string, field: string, change: Change];

const mismatch = "token.type_mismatch";
const audience = "token.audience_mismatch";
const invalid = "token.claim_invalid";
const header = "token.header_refused";
const other = "https://other.example";

/** Refused whoever issued them. */
export const hostileEverywhere: readonly HostileChange[] = [
  ["typ logout+jwt", mismatch, "typ", { header: { typ: "logout+jwt" } }],
  ["typ dpop+jwt", mismatch, "typ", { header: { typ: "dpop+jwt" } }],
  ["typ as a list", mismatch, "typ", { header: { typ: ["JWT"] } }],
  ["typ in empty text", mismatch, "typ", { header: { typ: "" } }],
  ["its own key in jwk", header, "jwk", { header: { jwk: {} } }],
  ["crit", header, "crit", { header: { crit: ["exp"] } }],
  ["a nonce in the header", header, "header", { header: { nonce: "n" } }],
  ["nonce, as in an ID token", mismatch, "nonce", { claims: { nonce: "n" } }],
  ["at_hash, as in an ID token", mismatch, "at_hash", { claims: { at_hash: "h" } }],
  ["c_hash, as in an ID token", mismatch, "c_hash", { claims: { c_hash: "h" } }],
  ["a key it is bound to", "token.sender_constrained", "cnf", { claims: { cnf: { jkt: "k" } } }],
  ["no exp", invalid, "exp", { claims: { exp: undefined } }],
  ["no iat", invalid, "iat", { claims: { iat: undefined } }],
  ["no sub", invalid, "sub", { claims: { sub: undefined } }],
  ["a life of two days", "token.lifetime_exceeded", "exp", { claims: { exp: 4_000_000_000 } }],
  ["an actor without a name", invalid, "act.sub", { claims: { act: {} } }],
];

const hostileAudience: readonly HostileChange[] = [
  ["another audience", audience, "aud", { claims: { aud: other } }],
  ["no audience", audience, "aud", { claims: { aud: undefined } }],
  ["another audience beside the gate's", audience, "aud", { claims: { aud: [gateAudience, other] } }],
  ["the gate's audience twice", audience, "aud", { claims: { aud: [gateAudience, gateAudience] } }],
];

/** The audiences that other profiles let stand beside the gate's. */
const noCompany: HostileChange = [
  "Keycloak's account beside the gate's audience",
  audience,
  "aud",
  { claims: { aud: [gateAudience, "account"] } },
];

/** Refused by one profile, for what that provider's other tokens look like. */
export const hostileChanges: Readonly<Record<ProfileName, readonly HostileChange[]>> = {
  rfc9068: [
    ...hostileAudience,
    noCompany,
    ["typ JWT", mismatch, "typ", { header: { typ: "JWT" } }],
    ["no typ", mismatch, "typ", { header: { typ: undefined } }],
    ["x5t", header, "x5t", { header: { x5t: "t" } }],
  ],
  entra: [
    ...hostileAudience,
    noCompany,
    ["no typ", mismatch, "typ", { header: { typ: undefined } }],
    ["typ at+jwt, which Entra never sends", mismatch, "typ", { header: { typ: "at+jwt" } }],
    ["a certificate's other thumbprint", header, "x5t#S256", { header: { "x5t#S256": "t" } }],
    ["neither scp nor roles", mismatch, "scp", { claims: { scp: undefined } }],
    [
      "a person's roles without scp, as in an ID token",
      mismatch,
      "oid",
      { claims: { scp: undefined, roles: ["payout:start"] } },
    ],
    [
      "roles without scp, said to be a user's",
      mismatch,
      "idtyp",
      { claims: { scp: undefined, roles: ["payout:start"], idtyp: "user", sub: "s", oid: "s" } },
    ],
    ["a service's token with a user's scp", invalid, "idtyp", { claims: { idtyp: "app" } }],
    ["scp as a list", invalid, "scp", { claims: { scp: ["payout:start"] } }],
    ["roles as text", invalid, "roles", { claims: { scp: undefined, roles: "r", sub: "s", oid: "s" } }],
    ["no azp", invalid, "azp", { claims: { azp: undefined } }],
    ["appid in place of azp", invalid, "azp", { claims: { azp: undefined, appid: "a" } }],
    ["azp in a token of version 1.0", invalid, "appid", { claims: { ver: "1.0" } }],
    ["no version", invalid, "ver", { claims: { ver: undefined } }],
    ["a version to come", invalid, "ver", { claims: { ver: "3.0" } }],
    ["no oid", invalid, "oid", { claims: { oid: undefined } }],
    ["nbf ahead", "token.not_yet_valid", "nbf", { claims: { nbf: 4_000_000_000 } }],
  ],
  okta: [
    ...hostileAudience,
    noCompany,
    ["typ JWT", mismatch, "typ", { header: { typ: "JWT" } }],
    ["a token for Okta itself", mismatch, "typ", { header: { typ: "application/okta-internal-at+jwt" } }],
    ["no scp", mismatch, "scp", { claims: { scp: undefined } }],
    ["scope in place of scp", mismatch, "scp", { claims: { scp: undefined, scope: "payout:start" } }],
    ["scp as text", invalid, "scp", { claims: { scp: "payout:start" } }],
    ["a scope with a space", invalid, "scp", { claims: { scp: ["payout:start payout:stop"] } }],
    ["a number among the scopes", invalid, "scp", { claims: { scp: ["payout:start", 1] } }],
    ["no cid", invalid, "cid", { claims: { cid: undefined } }],
    ["client_id in place of cid", invalid, "cid", { claims: { cid: undefined, client_id: "c" } }],
  ],
  auth0: [
    ...hostileAudience,
    noCompany,
    ["no typ", mismatch, "typ", { header: { typ: undefined } }],
    ["x5t", header, "x5t", { header: { x5t: "t" } }],
    ["no scope", mismatch, "scope", { claims: { scope: undefined } }],
    [
      "permissions in place of scope",
      mismatch,
      "scope",
      { claims: { scope: undefined, permissions: ["p"] } },
    ],
    ["no client", invalid, "azp", { claims: { azp: undefined } }],
    ["two clients", invalid, "client_id", { claims: { client_id: "another" } }],
    [
      "another tenant's userinfo beside the gate's audience",
      audience,
      "aud",
      { claims: { aud: [gateAudience, "https://other.example/userinfo"] } },
    ],
    ["the issuer's userinfo alone", audience, "aud", { claims: { aud: ["https://other.example/userinfo"] } }],
  ],
  cognito: [
    ["typ JWT", mismatch, "typ", { header: { typ: "JWT" } }],
    ["typ at+jwt", mismatch, "typ", { header: { typ: "at+jwt" } }],
    ["token_use id", mismatch, "token_use", { claims: { token_use: "id" } }],
    ["no token_use", mismatch, "token_use", { claims: { token_use: undefined } }],
    ["token_use as a list", mismatch, "token_use", { claims: { token_use: ["access"] } }],
    ["an audience, even the gate's", audience, "aud", { claims: { aud: gateAudience } }],
    ["an audience that is null", audience, "aud", { claims: { aud: null } }],
    ["a client that is not listed", audience, "client_id", { claims: { client_id: "client-three" } }],
    ["a listed client in other letters", audience, "client_id", { claims: { client_id: "Client-Two" } }],
    ["no client", invalid, "client_id", { claims: { client_id: undefined } }],
    [
      "azp in place of client_id",
      invalid,
      "client_id",
      { claims: { client_id: undefined, azp: "client-two" } },
    ],
    ["a path for a kid", header, "kid", { header: { kid: "../../../../dev/null" } }],
    ["a URL for a kid", header, "kid", { header: { kid: "https://other.example/key" } }],
  ],
  keycloak: [
    ...hostileAudience,
    ["no typ", mismatch, "typ", { header: { typ: undefined } }],
    ["an ID token's typ", mismatch, "typ", { claims: { typ: "ID" } }],
    ["a refresh token's typ", mismatch, "typ", { claims: { typ: "Refresh" } }],
    ["an offline token's typ", mismatch, "typ", { claims: { typ: "Offline" } }],
    ["a logout token's typ", mismatch, "typ", { claims: { typ: "Logout" } }],
    ["a DPoP token's typ", mismatch, "typ", { claims: { typ: "DPoP" } }],
    ["typ in other letters", mismatch, "typ", { claims: { typ: "bearer" } }],
    ["no typ claim", mismatch, "typ", { claims: { typ: undefined } }],
    ["account alone for an audience", audience, "aud", { claims: { aud: "account" } }],
    ["account twice", audience, "aud", { claims: { aud: [gateAudience, "account", "account"] } }],
    [
      "another client beside the gate and account",
      audience,
      "aud",
      { claims: { aud: [gateAudience, "account", "realm-management"] } },
    ],
    ["no azp", invalid, "azp", { claims: { azp: undefined } }],
    ["two clients", invalid, "client_id", { claims: { client_id: "another" } }],
    ["scope as a list", invalid, "scope", { claims: { scope: ["payout:start"] } }],
  ],
};

/** Other tokens that the provider issues as access tokens. */
export const soundChanges: Readonly<Record<ProfileName, readonly (readonly [string, Change, object])[]>> = {
  rfc9068: [["without jti", { claims: { jti: undefined } }, {}]],
  entra: [
    ["of version 1.0", { claims: { ver: "1.0", azp: undefined, appid: "app" } }, { clientId: "app" }],
    ["with x5t beside kid", { header: { x5t: "thumbprint" } }, {}],
    [
      "of a service, whose roles are its scopes",
      { claims: { scp: undefined, roles: ["payout:start"], sub: "object", oid: "object", idtyp: "app" } },
      { scopes: ["payout:start"], principal: "object", subject: { sub: "object" } },
    ],
    [
      "of a person with roles, which are no scopes",
      { claims: { roles: ["payout:admin"], idtyp: "user" } },
      { scopes: ["payout:start", "payout:status"] },
    ],
  ],
  okta: [
    ["with typ at+jwt", { header: { typ: "at+jwt" } }, {}],
    ["of a service", { claims: { uid: undefined, sub: "0oa", cid: "0oa" } }, { clientId: "0oa" }],
    ["without scopes", { claims: { scp: [] } }, { scopes: [] }],
  ],
  auth0: [
    ["for the gate alone", { claims: { aud: gateAudience } }, {}],
    [
      "in the format of RFC 9068",
      { header: { typ: "at+jwt" }, claims: { azp: undefined, client_id: "app", jti: "1" } },
      { clientId: "app" },
    ],
    ["of a service", { claims: { sub: "app@clients", azp: "app", gty: "client-credentials" } }, {}],
  ],
  cognito: [
    ["under a key id in plain base64", {}, {}],
    ["of the other client", { claims: { client_id: "client-one" } }, { clientId: "client-one" }],
  ],
  keycloak: [
    ["for the gate alone", { claims: { aud: gateAudience } }, {}],
    ["with typ at+jwt", { header: { typ: "at+jwt" } }, {}],
    ["of a service account", { claims: { azp: "svc", client_id: "svc" } }, { clientId: "svc" }],
  ],
};
