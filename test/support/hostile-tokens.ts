import { createHmac, generateKeyPairSync, randomBytes, sign } from "node:crypto";

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Tokens that the gate must refuse, made from a good one: what each is, and how it is presented. */
export function hostileTokens(good: string): readonly (readonly [name: string, authorization: string])[] {
  const [header = "", payload = "", signature = ""] = good.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as Record<string, unknown>;
  const nonce = () => randomBytes(24).toString("base64url");
  const bearer = (token: string) => `Bearer ${token}`;
  const forged = (head: object, body: object = claims) =>
    `${encode(head)}.${encode({ ...body, jti: nonce() })}`;
  const hmac = (input: string) => createHmac("sha256", nonce()).update(input).digest("base64url");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ecdsa = (input: string) =>
    sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url");
  const signed = (head: object, body?: object) => {
    const input = forged(head, body);
    return `${input}.${ecdsa(input)}`;
  };
  const es256 = { alg: "ES256", typ: "at+jwt", kid: nonce() };
  const hs256 = forged({ alg: "HS256", typ: "at+jwt" });
  return [
    ["another payload", bearer(`${header}.${encode({ ...claims, sub: nonce() })}.${signature}`)],
    ["a changed signature", bearer(`${header}.${payload}.${randomBytes(64).toString("base64url")}`)],
    ["alg none", bearer(`${forged({ alg: "none", typ: "at+jwt" })}.`)],
    ["HMAC", bearer(`${hs256}.${hmac(hs256)}`)],
    ["a stranger's key", bearer(signed(es256))],
    ["another issuer", bearer(signed(es256, { ...claims, iss: "https://elsewhere.example" }))],
    ["an expired one", bearer(signed(es256, { ...claims, exp: 1_000 }))],
    ["an embedded key", bearer(signed({ ...es256, jwk: { kty: "oct", k: nonce() } }))],
    ["five parts", bearer(`${encode({ alg: "dir", enc: "A256GCM" })}..${nonce()}.${nonce()}.${nonce()}`)],
    ["a broken payload", bearer(`${header}.${nonce()}.${nonce()}`)],
    ["an unknown opaque token", bearer(nonce())],
    ["an opaque token with every character", bearer(`${nonce()}-._~+/==`)],
    [
      "a very long one",
      bearer(`${header}.${Buffer.from(nonce().repeat(700)).toString("base64url")}.${nonce()}`),
    ],
    ["two tokens", `Bearer ${nonce()} ${nonce()}`],
    ["Basic", `Basic ${Buffer.from(`payments-app:${nonce()}`).toString("base64")}`],
    ["DPoP", `DPoP ${nonce()}`],
    ["no scheme", nonce()],
  ];
}
