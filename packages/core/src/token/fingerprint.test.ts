import { describe, expect, test } from "vitest";
import { jwtLike } from "../../test-support/fixtures.ts";
import { tokenFingerprint } from "./fingerprint.ts";

const key = { keyId: "k1", key: Buffer.alloc(32, 7) };

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
      tokenFingerprint({ opaque: "1" }, { ...key, key: Buffer.alloc(32, 8) }),
    ];
    expect(new Set(of).size).toBe(of.length);
  });

  test("does not hold the token", () => {
    const opaque = jwtLike("fingerprint");
    expect(tokenFingerprint({ opaque }, key)).not.toContain(opaque.slice(0, 12));
  });
});
