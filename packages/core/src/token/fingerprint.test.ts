import { createSecretKey } from "node:crypto";
import { describe, expect, test } from "vitest";
import { jwtLike } from "../../test-support/fixtures.ts";
import { issuedTokenFingerprint, tokenFingerprint } from "./fingerprint.ts";

const key = { keyId: "k1", key: createSecretKey(Buffer.alloc(32, 7)) };

describe("a token's fingerprint", () => {
  test("names its version and key, and is the same for the same token", () => {
    const one = tokenFingerprint({ iss: "https://a", jti: "1" }, key);
    expect(one).toMatch(/^v1\.k1\.[A-Za-z0-9_-]{43}$/);
    expect(tokenFingerprint({ iss: "https://a", jti: "1" }, key)).toBe(one);
  });

  test("differs by issuer, jti, kind of source and key", () => {
    const of = [
      tokenFingerprint({ iss: "https://a", jti: "1" }, key),
      tokenFingerprint({ iss: "https://b", jti: "1" }, key),
      tokenFingerprint({ iss: "https://a", jti: "2" }, key),
      tokenFingerprint({ iss: "https://a1", jti: "" }, key),
      tokenFingerprint({ signingInput: "1" }, key),
      tokenFingerprint({ opaque: "1" }, key),
      tokenFingerprint({ opaque: "1" }, { ...key, key: createSecretKey(Buffer.alloc(32, 8)) }),
    ];
    expect(new Set(of).size).toBe(of.length);
  });

  test("does not hold the token", () => {
    const opaque = jwtLike("fingerprint");
    expect(tokenFingerprint({ opaque }, key)).not.toContain(opaque.slice(0, 12));
  });
});

describe("the fingerprint of a token that was just issued", () => {
  const issuer = "https://issuer.example";
  const jwt = (claims: object, signature = "c2ln") =>
    `${part({ alg: "ES256" })}.${part(claims)}.${signature}`;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

  test("is what the verifier makes of it when it is presented", () => {
    expect(issuedTokenFingerprint("opaque", issuer, key)).toBe(tokenFingerprint({ opaque: "opaque" }, key));
    expect(issuedTokenFingerprint(jwt({ jti: "1" }), issuer, key)).toBe(
      tokenFingerprint({ iss: issuer, jti: "1" }, key),
    );
    const unnamed = jwt({ sub: "ada" });
    const signingInput = unnamed.slice(0, unnamed.lastIndexOf("."));
    expect(issuedTokenFingerprint(unnamed, issuer, key)).toBe(tokenFingerprint({ signingInput }, key));
  });

  test("does not hang on the signature, which can be altered and still verify", () => {
    const claims = { sub: "ada" };
    expect(issuedTokenFingerprint(jwt(claims, "b25l"), issuer, key)).toBe(
      issuedTokenFingerprint(jwt(claims, "dHdv"), issuer, key),
    );
  });

  test.each([
    "a.b",
    "a.b.c.d",
    "..",
    "a.!!!.c",
    "",
  ])("is that of an opaque token for %o, whatever it holds", (token) => {
    expect(() => issuedTokenFingerprint(token, issuer, key)).not.toThrow();
  });
});
