import { createPublicKey, type KeyObject } from "node:crypto";
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
import { encode, type ForgeKey, forge, forgeHmac } from "./token-forge.ts";

const unsigned = (alg: string, signature: string) => (f: Forgery) =>
  `${encode(headerOf(f.es256, { alg }))}.${encode(f.claims)}.${signature}`;
const hmacWith = (secret: (key: KeyObject) => string) => (f: Forgery) =>
  forgeHmac(secret(f.rs256.publicKey), headerOf(f.rs256, { alg: "HS256" }), f.claims);
const pem = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString();
const jwkOf = (key: ForgeKey) => createPublicKey(key.privateKey).export({ format: "jwk" });

/** Refused by a look at the token alone, before anyone is asked anything. */
export const refusedAtSight: readonly Hostile[] = [
  ["alg none without a signature", "token.header_refused", "alg", unsigned("none", "")],
  ["alg none with a signature", "token.header_refused", "alg", unsigned("none", "AAAA")],
  ["alg nOnE", "token.header_refused", "alg", unsigned("nOnE", "AAAA")],
  ["HS256 with the public key in PEM for a secret", "token.header_refused", "alg", hmacWith(pem)],
  [
    "HS256 with the modulus for a secret",
    "token.header_refused",
    "alg",
    hmacWith((key) => String(key.export({ format: "jwk" }).n)),
  ],
  ["HS512", "token.header_refused", "alg", withHeader({ alg: "HS512" })],
  ["an algorithm the issuer may not use", "token.header_refused", "alg", withHeader({ alg: "ES512" })],
  ["alg as a list", "token.header_refused", "alg", withHeader({ alg: ["ES256"] })],
  ["no alg", "token.header_refused", "alg", withHeader({ alg: undefined })],
  ["no kid", "token.header_refused", "kid", withHeader({ kid: undefined })],
  ["a path for a kid", "token.header_refused", "kid", withHeader({ kid: "../../dev/null" })],
  ["a query for a kid", "token.header_refused", "kid", withHeader({ kid: "x' OR '1'='1" })],
  ["a kid of 129 characters", "token.header_refused", "kid", withHeader({ kid: "k".repeat(129) })],
  ["a number for a kid", "token.header_refused", "kid", withHeader({ kid: 1 })],
  [
    "its own key in jwk",
    "token.header_refused",
    "jwk",
    (f) => forge(f.foreign, headerOf(f.foreign, { jwk: jwkOf(f.foreign) }), f.claims),
  ],
  ["jku", "token.header_refused", "jku", withHeader({ jku: "http://127.0.0.1:1/jwks" })],
  ["x5u", "token.header_refused", "x5u", withHeader({ x5u: "http://127.0.0.1:1/cert" })],
  ["x5c", "token.header_refused", "x5c", withHeader({ x5c: ["MIIB"] })],
  ["x5t", "token.header_refused", "x5t", withHeader({ x5t: "AAAA" })],
  ["x5t#S256", "token.header_refused", "x5t#S256", withHeader({ "x5t#S256": "AAAA" })],
  ["crit", "token.header_refused", "crit", withHeader({ crit: ["exp"], exp: 1 })],
  ["an empty crit", "token.header_refused", "crit", withHeader({ crit: [] })],
  ["b64 false without crit", "token.header_refused", "b64", withHeader({ b64: false })],
  ["b64 false with crit", "token.header_refused", "crit", withHeader({ crit: ["b64"], b64: false })],
  ["zip", "token.header_refused", "zip", withHeader({ zip: "DEF" })],
  ["cty JWT, a token in a token", "token.header_refused", "cty", withHeader({ cty: "JWT" })],
  ["an unknown header member", "token.header_refused", "header", withHeader({ role: "admin" })],
  ["typ JWT", "token.type_mismatch", "typ", withHeader({ typ: "JWT" })],
  ["no typ", "token.type_mismatch", "typ", withHeader({ typ: undefined })],
  ["typ logout+jwt", "token.type_mismatch", "typ", withHeader({ typ: "logout+jwt" })],
  ["typ dpop+jwt", "token.type_mismatch", "typ", withHeader({ typ: "dpop+jwt" })],
  [
    "alg twice in the header",
    "token.malformed",
    "header",
    withRawHeader((f) => `{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"${f.es256.kid}"}`),
  ],
  [
    "alg twice, once escaped",
    "token.malformed",
    "header",
    withRawHeader((f) => `{"\\u0061lg":"none","alg":"ES256","typ":"at+jwt","kid":"${f.es256.kid}"}`),
  ],
  [
    "__proto__ in the header",
    "token.malformed",
    "header",
    withRawHeader((f) => `{"__proto__":{"alg":"none"},"alg":"ES256","typ":"at+jwt","kid":"${f.es256.kid}"}`),
  ],
  ["a header that is a list", "token.malformed", undefined, withRawHeader(() => '["ES256"]')],
  [
    "a byte order mark before the header",
    "token.malformed",
    undefined,
    withRawHeader((f) => `\ufeff${JSON.stringify(headerOf(f.es256))}`),
  ],
  [
    "five segments, a JWE",
    "token.malformed",
    undefined,
    () => [encode({ alg: "RSA-OAEP", enc: "A256GCM" }), "a", "b", "c", "d"].join("."),
  ],
  [
    "a JWE header in three segments",
    "token.header_refused",
    "enc",
    withHeader({ alg: "dir", enc: "A256GCM" }),
  ],
  ["two segments", "token.malformed", undefined, (f) => segments(sound(f)).slice(0, 2).join(".")],
  ["four segments", "token.malformed", undefined, (f) => `${sound(f)}.AAAA`],
  [
    "an empty signature",
    "token.malformed",
    "signature",
    (f) => `${segments(sound(f)).slice(0, 2).join(".")}.`,
  ],
  ["an empty payload", "token.malformed", "payload", (f) => signed(f, "")],
  [
    "JSON serialization",
    "token.malformed",
    undefined,
    (f) =>
      JSON.stringify({ protected: encode(headerOf(f.es256)), payload: encode(f.claims), signature: "AAAA" }),
  ],
  ["1 MiB", "token.too_large", undefined, (f) => signed(f, { ...f.claims, padding: "x".repeat(2 ** 20) })],
  ["1 MiB of dots", "token.too_large", undefined, () => ".".repeat(2 ** 20)],
  [
    "JSON nested 1000 deep",
    "token.malformed",
    "payload",
    (f) => signed(f, `{"a":${"[".repeat(1000)}${"]".repeat(1000)}}`),
  ],
  [
    "JSON nested one level too deep",
    "token.malformed",
    "payload",
    (f) => signed(f, `{"a":${"[".repeat(8)}${"]".repeat(8)}}`),
  ],
  [
    "a claim twice",
    "token.malformed",
    "payload",
    (f) => signed(f, `{"sub":"mallory",${JSON.stringify(f.claims).slice(1)}`),
  ],
  [
    "a member twice in act",
    "token.malformed",
    "payload",
    (f) => signed(f, `{"act":{"sub":"a","sub":"b"},${JSON.stringify(f.claims).slice(1)}`),
  ],
  [
    "__proto__ in the payload",
    "token.malformed",
    "payload",
    (f) =>
      forge(
        f.es256,
        headerOf(f.es256),
        `{"__proto__":{"scope":"admin"},${JSON.stringify(f.claims).slice(1)}`,
      ),
  ],
  ["a payload that is text", "token.malformed", "payload", (f) => signed(f, '"alice"')],
  [
    "a payload that is not UTF-8",
    "token.malformed",
    "payload",
    (f) => signed(f, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
  ],
  [
    "NaN for exp",
    "token.malformed",
    "payload",
    (f) => signed(f, `{"exp":NaN,${JSON.stringify(f.claims).slice(1)}`),
  ],
  ["a line break at the end", "token.malformed", undefined, (f) => `${sound(f)}\n`],
  ["a space before it", "token.malformed", undefined, (f) => ` ${sound(f)}`],
  ["a space inside", "token.malformed", undefined, (f) => sound(f).replace(".", ". ")],
  ["a NUL at the end", "token.malformed", undefined, (f) => `${sound(f)}\0`],
  ["padding", "token.malformed", "signature", (f) => `${sound(f)}==`],
  [
    "the alphabet of plain base64",
    "token.malformed",
    "signature",
    (f) => `${segments(sound(f)).slice(0, 2).join(".")}.++//`,
  ],
  [
    "stray bits at the end",
    "token.malformed",
    "signature",
    (f) => sound(f).replace(/.$/, (last) => (last === "B" ? "C" : "B")),
  ],
  ["nothing at all", "token.malformed", undefined, () => ""],
  [
    "the issuer's neighbour",
    "token.issuer_unknown",
    "iss",
    (f) => signed(f, { ...f.claims, iss: `${f.issuer}/` }),
  ],
  ["no iss", "token.issuer_unknown", "iss", (f) => signed(f, { ...f.claims, iss: undefined })],
  ["a list for iss", "token.issuer_unknown", "iss", (f) => signed(f, { ...f.claims, iss: [f.issuer] })],
  ["an opaque token where none are taken", "token.malformed", undefined, (f) => encode(f.foreign.sign("x"))],
];
