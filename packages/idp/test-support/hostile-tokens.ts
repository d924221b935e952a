import {
  type Forgery,
  type Hostile,
  headerOf,
  segments,
  signed,
  sound,
  withHeader,
  withRawHeader,
} from "./forgery.ts";
import { encode, forge } from "./token-forge.ts";

/** Sound to look at, but not signed by a key the issuer published for it. */
export const wronglySigned: readonly Hostile[] = [
  [
    "a key nobody published under a published kid",
    "token.signature_invalid",
    undefined,
    (f) => forge(f.foreign, headerOf(f.es256), f.claims),
  ],
  [
    "a kid nobody published",
    "token.signature_invalid",
    undefined,
    (f) => forge(f.foreign, headerOf(f.foreign), f.claims),
  ],
  [
    "the kid of a key of another kind",
    "token.signature_invalid",
    undefined,
    (f) => forge(f.rs256, headerOf(f.rs256, { kid: f.es256.kid }), f.claims),
  ],
  [
    "PS256 under a key published for RS256",
    "token.signature_invalid",
    undefined,
    (f) => forge(f.rs256, headerOf(f.rs256, { alg: "PS256" }), f.claims),
  ],
  [
    "an altered payload",
    "token.signature_invalid",
    undefined,
    (f) => {
      const [header, , signature] = segments(sound(f));
      return `${header}.${encode({ ...f.claims, sub: "mallory" })}.${signature}`;
    },
  ],
  [
    "the same claims in other bytes",
    "token.signature_invalid",
    undefined,
    (f) => {
      const [header, , signature] = segments(sound(f));
      return `${header}.${encode(JSON.stringify(f.claims, null, 1))}.${signature}`;
    },
  ],
  [
    "an altered header",
    "token.signature_invalid",
    undefined,
    (f) => {
      const [, payload, signature] = segments(sound(f));
      return `${encode(headerOf(f.es256, { typ: "AT+JWT" }))}.${payload}.${signature}`;
    },
  ],
  [
    "the signature of another token",
    "token.signature_invalid",
    undefined,
    (f) => {
      const [header, payload] = segments(sound(f));
      return `${header}.${payload}.${segments(signed(f, { ...f.claims, jti: "other" }))[2]}`;
    },
  ],
  [
    "a signature of zeros",
    "token.signature_invalid",
    undefined,
    (f) => `${segments(sound(f)).slice(0, 2).join(".")}.${encode(Buffer.alloc(64))}`,
  ],
  [
    "a signature cut short",
    "token.signature_invalid",
    undefined,
    (f) => `${segments(sound(f)).slice(0, 2).join(".")}.${encode(Buffer.alloc(10, 1))}`,
  ],
  [
    "a signature with a byte more",
    "token.signature_invalid",
    undefined,
    (f) => {
      const [header, payload, signature] = segments(sound(f));
      return `${header}.${payload}.${encode(Buffer.concat([Buffer.from(signature, "base64url"), Buffer.alloc(1)]))}`;
    },
  ],
];

const claim = (
  what: string,
  code: string,
  field: string,
  changes: object | ((f: Forgery) => object),
): Hostile => [
  what,
  code,
  field,
  (f) =>
    signed(f, {
      ...f.claims,
      ...(typeof changes === "function" ? changes(f) : changes),
    }),
];
/** Claims with a number that `JSON.stringify` would not write. */
const number = (what: string, name: string, text: string): Hostile => [
  what,
  "token.claim_invalid",
  name,
  (f) => signed(f, JSON.stringify({ ...f.claims, [name]: "@" }).replace('"@"', text)),
];

/** Signed by the issuer, but not what this gate takes. */
export const wrongClaims: readonly Hostile[] = [
  claim("another audience", "token.audience_mismatch", "aud", { aud: "https://other.example" }),
  claim("an audience beside the gate's", "token.audience_mismatch", "aud", (f) => ({
    aud: [f.claims["aud"], "https://other.example"],
  })),
  claim("the gate's audience twice", "token.audience_mismatch", "aud", (f) => ({
    aud: [f.claims["aud"], f.claims["aud"]],
  })),
  claim("an audience in an inner list", "token.audience_mismatch", "aud", (f) => ({
    aud: [[f.claims["aud"]]],
  })),
  claim("no audience", "token.audience_mismatch", "aud", { aud: undefined }),
  claim("an empty list for an audience", "token.audience_mismatch", "aud", { aud: [] }),
  claim("nonce, as in an ID token", "token.type_mismatch", "nonce", { nonce: "n" }),
  claim("at_hash, as in an ID token", "token.type_mismatch", "at_hash", { at_hash: "h" }),
  claim("c_hash, as in an ID token", "token.type_mismatch", "c_hash", { c_hash: "h" }),
  claim("cnf with a DPoP key", "token.sender_constrained", "cnf", { cnf: { jkt: "k" } }),
  claim("cnf with a certificate", "token.sender_constrained", "cnf", { cnf: { "x5t#S256": "k" } }),
  claim("cnf that is null", "token.sender_constrained", "cnf", { cnf: null }),
  claim("exp past by the clock skew", "token.expired", "exp", (f) => ({ iat: f.now - 100, exp: f.now - 60 })),
  claim("exp at the epoch", "token.expired", "exp", { exp: 0 }),
  claim("exp in the year 9999", "token.lifetime_exceeded", "exp", { exp: 253_402_300_799 }),
  claim("a life a second too long", "token.lifetime_exceeded", "exp", (f) => ({ exp: f.now + 86_401 })),
  claim("exp before iat", "token.claim_invalid", "exp", (f) => ({ iat: f.now + 10, exp: f.now + 5 })),
  claim("exp in text", "token.claim_invalid", "exp", (f) => ({ exp: String(f.now + 600) })),
  claim("exp with a fraction", "token.claim_invalid", "exp", (f) => ({ exp: f.now + 0.5 })),
  claim("no exp", "token.claim_invalid", "exp", { exp: undefined }),
  claim("exp that is null", "token.claim_invalid", "exp", { exp: null }),
  number("exp 1e400", "exp", "1e400"),
  number("exp -1e400", "exp", "-1e400"),
  number("exp past exact numbers", "exp", "9007199254740993"),
  number("iat below zero", "iat", "-1"),
  claim("no iat", "token.claim_invalid", "iat", { iat: undefined }),
  claim("iat in the future", "token.not_yet_valid", "iat", (f) => ({ iat: f.now + 61, exp: f.now + 600 })),
  claim("nbf in the future", "token.not_yet_valid", "nbf", (f) => ({ nbf: f.now + 61 })),
  claim("nbf in text", "token.claim_invalid", "nbf", { nbf: "0" }),
  claim("no sub", "token.claim_invalid", "sub", { sub: undefined }),
  claim("an empty sub", "token.claim_invalid", "sub", { sub: "" }),
  claim("a number for sub", "token.claim_invalid", "sub", { sub: 1 }),
  claim("a NUL in sub", "token.claim_invalid", "sub", { sub: "alice\0" }),
  claim("a lone surrogate in sub", "token.claim_invalid", "sub", { sub: "alice\ud800" }),
  claim("no client_id", "token.claim_invalid", "client_id", { client_id: undefined }),
  claim("azp unlike client_id", "token.claim_invalid", "azp", { azp: "other" }),
  claim("an empty jti", "token.claim_invalid", "jti", { jti: "" }),
  claim("a number for jti", "token.claim_invalid", "jti", { jti: 1 }),
  claim("a list for scope", "token.claim_invalid", "scope", { scope: ["payout:start"] }),
  claim("scope with two spaces", "token.claim_invalid", "scope", { scope: "payout:start  payout:stop" }),
  claim("act without sub", "token.claim_invalid", "act.sub", { act: { iss: "https://a.example" } }),
  claim("act in text", "token.claim_invalid", "act", { act: "agent" }),
];

/** Close to what is refused above, but sound. */
export const nearMisses: readonly (readonly [what: string, make: (f: Forgery) => string])[] = [
  ["as it is", sound],
  ["typ with its prefix", withHeader({ typ: "application/at+jwt" })],
  ["typ in capitals", withHeader({ typ: "AT+JWT" })],
  [
    "header members in another order",
    withRawHeader((f) => ({ kid: f.es256.kid, typ: "at+jwt", alg: "ES256" })),
  ],
  [
    "JSON nested as deep as may be",
    (f) =>
      forge(
        f.es256,
        headerOf(f.es256),
        `{"a":${"[".repeat(7)}${"]".repeat(7)},${JSON.stringify(f.claims).slice(1)}`,
      ),
  ],
  ["aud in a list of one", (f) => signed(f, { ...f.claims, aud: [f.claims["aud"]] })],
  [
    "exp past by less than the clock skew",
    (f) => signed(f, { ...f.claims, iat: f.now - 100, exp: f.now - 59 }),
  ],
  ["iat ahead by the clock skew", (f) => signed(f, { ...f.claims, iat: f.now + 60 })],
  ["a life as long as may be", (f) => signed(f, { ...f.claims, exp: f.now + 86_400 })],
  ["azp in place of client_id", (f) => signed(f, { ...f.claims, client_id: undefined, azp: "web" })],
  ["no jti, which is then known by what was signed", (f) => signed(f, { ...f.claims, jti: undefined })],
  ["no scope", (f) => signed(f, { ...f.claims, scope: undefined })],
];
