import { createSecretKey } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RefusedError } from "../error/errors.ts";
import { type ClaimRules, verifyAccessTokenClaims } from "./access-token-claims.ts";
import { tokenFingerprint } from "./fingerprint.ts";

const now = Date.UTC(2026, 8, 1);
const seconds = now / 1000;
const fingerprintKey = { keyId: "k1", key: createSecretKey(new Uint8Array(32).fill(3)) };
const rules: ClaimRules = {
  issuer: "https://as.example",
  profile: "rfc9068",
  audience: "https://gate.example",
  clockSkew: 60,
  maxTokenLifetime: 3600,
  claims: { record: ["department", "level", "verified", "groups"], personal: ["email"] },
};
const good = {
  iss: rules.issuer,
  aud: rules.audience,
  sub: "alice",
  client_id: "web",
  iat: seconds - 10,
  exp: seconds + 300,
  jti: "token-1",
  scope: "payout:start payout:status",
};

const check = (claims: Record<string, unknown>, given = rules) =>
  verifyAccessTokenClaims(claims, "header.payload", given, { now, fingerprintKey });

function codeOf(claims: Record<string, unknown>, given = rules): string | undefined {
  try {
    check(claims, given);
    return undefined;
  } catch (error) {
    if (error instanceof RefusedError) return error.code;
    throw error;
  }
}

const without = (name: string) => Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));
const nestedActors = (depth: number): unknown =>
  depth === 0 ? undefined : { sub: `agent-${depth}`, act: nestedActors(depth - 1) };

describe("verifyAccessTokenClaims", () => {
  it("gives what the claims say", () => {
    expect(check(good)).toEqual({
      subject: { iss: rules.issuer, sub: "alice" },
      clientId: "web",
      actors: [],
      scopes: ["payout:start", "payout:status"],
      audience: rules.audience,
      issuedAt: now - 10_000,
      expiresAt: now + 300_000,
      fingerprint: tokenFingerprint({ iss: rules.issuer, jti: "token-1" }, fingerprintKey),
      claims: {},
      personalClaims: {},
    });
  });

  it.each([
    ["another issuer", { ...good, iss: "https://other.example" }, "token.issuer_unknown"],
    ["an issuer with a slash more", { ...good, iss: `${rules.issuer}/` }, "token.issuer_unknown"],
    ["no issuer", without("iss"), "token.issuer_unknown"],
    ["another audience", { ...good, aud: "billing" }, "token.audience_mismatch"],
    ["no audience", without("aud"), "token.audience_mismatch"],
    ["no audience in a list", { ...good, aud: [] }, "token.audience_mismatch"],
    ["one audience more", { ...good, aud: [rules.audience, "billing"] }, "token.audience_mismatch"],
    ["its own audience twice", { ...good, aud: [rules.audience, rules.audience] }, "token.audience_mismatch"],
    ["a list in a list", { ...good, aud: [[rules.audience]] }, "token.audience_mismatch"],
    ["nonce", { ...good, nonce: "n" }, "token.type_mismatch"],
    ["at_hash", { ...good, at_hash: "h" }, "token.type_mismatch"],
    ["c_hash", { ...good, c_hash: null }, "token.type_mismatch"],
    ["cnf", { ...good, cnf: { jkt: "thumbprint" } }, "token.sender_constrained"],
    ["cnf null", { ...good, cnf: null }, "token.sender_constrained"],
    ["no exp", without("exp"), "token.claim_invalid"],
    ["exp as text", { ...good, exp: String(seconds + 300) }, "token.claim_invalid"],
    ["exp with a fraction", { ...good, exp: seconds + 300.5 }, "token.claim_invalid"],
    ["exp 1e400", { ...good, exp: JSON.parse("1e400") }, "token.claim_invalid"],
    ["exp before iat", { ...good, exp: seconds - 20 }, "token.claim_invalid"],
    ["exp beyond the skew", { ...good, iat: seconds - 99, exp: seconds - 60 }, "token.expired"],
    ["no iat", without("iat"), "token.claim_invalid"],
    ["iat below zero", { ...good, iat: -1 }, "token.claim_invalid"],
    ["iat ahead", { ...good, iat: seconds + 61 }, "token.not_yet_valid"],
    ["nbf ahead", { ...good, nbf: seconds + 61 }, "token.not_yet_valid"],
    ["nbf as text", { ...good, nbf: "0" }, "token.claim_invalid"],
    ["exp in the year 9999", { ...good, exp: 253_402_300_799 }, "token.lifetime_exceeded"],
    ["a second too long a life", { ...good, exp: good.iat + 3601 }, "token.lifetime_exceeded"],
    ["no sub", without("sub"), "token.claim_invalid"],
    ["an empty sub", { ...good, sub: "" }, "token.claim_invalid"],
    ["a number for sub", { ...good, sub: 7 }, "token.claim_invalid"],
    ["a lone surrogate in sub", { ...good, sub: "alice\ud800" }, "token.claim_invalid"],
    ["a newline in sub", { ...good, sub: "alice\nroot" }, "token.claim_invalid"],
    ["too long a sub", { ...good, sub: "a".repeat(1025) }, "token.claim_invalid"],
    ["no client", without("client_id"), "token.claim_invalid"],
    ["azp of another client", { ...good, azp: "other" }, "token.claim_invalid"],
    ["a number for jti", { ...good, jti: 1 }, "token.claim_invalid"],
    ["scope as a list", { ...good, scope: ["payout:start"] }, "token.claim_invalid"],
    ["two spaces in scope", { ...good, scope: "a  b" }, "token.claim_invalid"],
    ["a tab in scope", { ...good, scope: "a\tb" }, "token.claim_invalid"],
    ["a quote in scope", { ...good, scope: 'a"b' }, "token.claim_invalid"],
    [
      "129 scopes",
      { ...good, scope: Array.from({ length: 129 }, (_, n) => `s${n}`).join(" ") },
      "token.claim_invalid",
    ],
    ["act null", { ...good, act: null }, "token.claim_invalid"],
    ["act as text", { ...good, act: "agent" }, "token.claim_invalid"],
    ["act as a list", { ...good, act: [{ sub: "agent" }] }, "token.claim_invalid"],
    ["act without sub", { ...good, act: { client_id: "agent" } }, "token.claim_invalid"],
    [
      "a malformed link far in",
      { ...good, act: { sub: "a", act: { sub: "b", act: 1 } } },
      "token.claim_invalid",
    ],
    ["17 actors", { ...good, act: nestedActors(17) }, "token.claim_invalid"],
  ])("refuses %s", (_, claims, code) => {
    expect(codeOf(claims)).toBe(code);
  });

  it.each([
    ["its audience as the one of a list", { ...good, aud: [rules.audience] }],
    ["exp within the skew", { ...good, iat: seconds - 99, exp: seconds - 59 }],
    ["iat and nbf within the skew", { ...good, iat: seconds + 60, nbf: seconds + 60 }],
    ["exactly the longest life", { ...good, exp: good.iat + 3600 }],
    ["azp for client_id", { ...without("client_id"), azp: "web" }],
    ["azp beside the same client_id", { ...good, azp: "web" }],
    ["sixteen actors", { ...good, act: nestedActors(16) }],
  ])("takes %s", (_, claims) => {
    expect(codeOf(claims)).toBeUndefined();
  });

  it("gives the actors outermost first", () => {
    const act = { sub: "agent", iss: "https://agents.example", act: { sub: "service" }, extra: 1 };
    expect(check({ ...good, act }).actors).toEqual([
      { sub: "agent", iss: "https://agents.example" },
      { sub: "service" },
    ]);
  });

  it("gives each scope once, and none where there is no scope claim", () => {
    expect(check({ ...good, scope: "a b a" }).scopes).toEqual(["a", "b"]);
    expect(check(without("scope")).scopes).toEqual([]);
    expect(check({ ...good, scope: "" }).scopes).toEqual([]);
  });

  it("makes the fingerprint from the signing input where there is no jti", () => {
    expect(check(without("jti")).fingerprint).toBe(
      tokenFingerprint({ signingInput: "header.payload" }, fingerprintKey),
    );
  });

  it("copies only claims on the allow-list that an entry can keep", () => {
    const kept = { department: "risk", level: 3, verified: true, groups: ["a", "b"] };
    expect(check({ ...good, ...kept, other: "no" }).claims).toEqual(kept);
    const dropped = { department: "x".repeat(513), level: 1.5, verified: { a: 1 }, groups: ["a", 1] };
    expect(check({ ...good, ...dropped }).claims).toEqual({});
    expect(check({ ...good, groups: Array.from({ length: 33 }, () => "g") }).claims).toEqual({});
    expect(check({ ...good, department: "lone\udfff" }).claims).toEqual({});
  });

  it("keeps personal claims apart, as text only", () => {
    expect(check({ ...good, email: "a@example.org" })).toMatchObject({
      claims: {},
      personalClaims: { email: "a@example.org" },
    });
    expect(check({ ...good, email: ["a@example.org"] }).personalClaims).toEqual({});
  });

  it("takes no claim from the prototype for one of the token", () => {
    const inherited = { ...rules, claims: { record: ["constructor", "toString"], personal: ["valueOf"] } };
    const token = verifyAccessTokenClaims(good, "h.p", inherited, { now, fingerprintKey });
    expect(token.claims).toEqual({});
    expect(token.personalClaims).toEqual({});
  });

  it("throws only RefusedError, whatever a claim holds", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(good), "act", "nbf", "azp"),
        fc.jsonValue(),
        (name, value) => {
          codeOf({ ...good, [name]: value });
        },
      ),
      { numRuns: 500 },
    );
  });

  it("accepts a life exactly where now lies within it, give or take the issuer's clock skew, and it is no longer than allowed", () => {
    const offset = fc.integer({ min: -5000, max: 5000 });
    const skew = fc.constantFrom(0, 1, 60, 600);
    fc.assert(
      fc.property(offset, offset, offset, skew, (from, to, notBefore, clockSkew) => {
        const claims = { ...good, iat: seconds + from, exp: seconds + to, nbf: seconds + notBefore };
        const accepted = codeOf(claims, { ...rules, clockSkew }) === undefined;
        const isNow = from <= clockSkew && notBefore <= clockSkew && to > -clockSkew;
        expect(accepted).toBe(isNow && to > from && to - from <= 3600);
      }),
      { numRuns: 500 },
    );
  });
});
