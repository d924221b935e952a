import { createSecretKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import { RefusedError } from "../error/errors.ts";
import type { ClaimRules } from "./access-token-claims.ts";
import { tokenFingerprint } from "./fingerprint.ts";
import { verifyIntrospectedToken } from "./introspected-token.ts";

const now = Date.UTC(2026, 8, 1);
const seconds = now / 1000;
const fingerprintKey = { keyId: "k1", key: createSecretKey(new Uint8Array(32).fill(3)) };
const rules: ClaimRules = {
  issuer: "https://as.example",
  profile: "rfc9068",
  audience: "https://gate.example",
  clockSkew: 60,
  maxTokenLifetime: 3600,
  claims: { record: ["department"], personal: ["email"] },
};
const good = {
  active: true,
  iss: rules.issuer,
  aud: rules.audience,
  sub: "alice",
  client_id: "web",
  iat: seconds - 10,
  exp: seconds + 300,
  scope: "payout:start",
  token_type: "Bearer",
  act: { sub: "agent" },
  department: "risk",
  email: "a@example.org",
};

const check = (response: Record<string, unknown>) =>
  verifyIntrospectedToken(response, "opaque-token", rules, { now, fingerprintKey });
const without = (name: string) => Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));

function codeOf(response: Record<string, unknown>): string | undefined {
  try {
    check(response);
    return undefined;
  } catch (error) {
    if (error instanceof RefusedError) return error.code;
    throw error;
  }
}

describe("verifyIntrospectedToken", () => {
  it("gives what the response says, named by a fingerprint of the token itself", () => {
    expect(check(good)).toEqual({
      subject: { iss: rules.issuer, sub: "alice" },
      clientId: "web",
      actors: [{ sub: "agent" }],
      scopes: ["payout:start"],
      audience: rules.audience,
      issuedAt: now - 10_000,
      expiresAt: now + 300_000,
      fingerprint: tokenFingerprint({ opaque: "opaque-token" }, fingerprintKey),
      claims: { department: "risk" },
      personalClaims: { email: "a@example.org" },
    });
  });

  it.each([
    ["inactive", { active: false }, "token.inactive"],
    ["active as text", { ...good, active: "true" }, "token.inactive"],
    ["another issuer", { ...good, iss: "https://other.example" }, "token.issuer_unknown"],
    ["no token type, as a refresh token has none", without("token_type"), "token.type_mismatch"],
    ["another token type", { ...good, token_type: "refresh_token" }, "token.type_mismatch"],
    ["a DPoP token", { ...good, token_type: "DPoP" }, "token.sender_constrained"],
    ["a bound token", { ...good, cnf: { jkt: "t" } }, "token.sender_constrained"],
    ["an ID token", { ...good, nonce: "n" }, "token.type_mismatch"],
    ["another audience", { ...good, aud: "billing" }, "token.audience_mismatch"],
    ["no audience", without("aud"), "token.audience_mismatch"],
    ["no subject", without("sub"), "token.claim_invalid"],
    ["no client", without("client_id"), "token.claim_invalid"],
    ["no expiry", without("exp"), "token.claim_invalid"],
    ["no issue time", without("iat"), "token.claim_invalid"],
    [
      "an expired one still called active",
      { ...good, exp: seconds - 61, iat: seconds - 99 },
      "token.expired",
    ],
    ["too long a life", { ...good, exp: seconds + 86_400 }, "token.lifetime_exceeded"],
    ["a malformed scope", { ...good, scope: ["a"] }, "token.claim_invalid"],
    ["a malformed actor", { ...good, act: "agent" }, "token.claim_invalid"],
  ])("refuses %s", (_, response, code) => {
    expect(codeOf(response)).toBe(code);
  });

  it("takes a response without iss, since the issuer itself was asked", () => {
    expect(check(without("iss")).subject).toEqual({ iss: rules.issuer, sub: "alice" });
  });

  it("takes bearer in any case", () => {
    expect(codeOf({ ...good, token_type: "bearer" })).toBeUndefined();
  });
});
