import { InvalidInputError } from "@countersign/core/error/errors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rejectionOf } from "../../test-support/error-text.ts";
import { gateAudience, issuerConfig } from "../../test-support/issuer-config.ts";
import { type ScriptedProvider, startScriptedProvider } from "../../test-support/scripted-provider.ts";
import { type ForgeKey, generateKey } from "../../test-support/token-forge.ts";
import { accessToken, fingerprintKey, keySet, verifierFor } from "../../test-support/verifier.ts";
import { createIdentityProviders } from "../oauth/identity-provider.ts";
import { createAccessTokenVerifier } from "./access-token-verifier.ts";

const algorithms = ["RS256", "PS256", "ES256", "ES384", "EdDSA"] as const;
const keys = new Map<string, ForgeKey>(algorithms.map((alg) => [alg, generateKey(alg)]));
const keyOf = (alg: string): ForgeKey => keys.get(alg) ?? generateKey("ES256");

let provider: ScriptedProvider;
beforeAll(async () => {
  provider = await startScriptedProvider();
  provider.answers.set("/jwks", { json: keySet(...keys.values()) });
});
afterAll(() => provider.close());

describe.each(algorithms)("a token signed with %s", (alg) => {
  test("is verified where the issuer may use it", async () => {
    const verifier = verifierFor(provider.issuer, { overrides: { algorithms: [alg] } });
    expect(await verifier.verify(accessToken(keyOf(alg), provider.issuer))).toMatchObject({
      subject: { iss: provider.issuer, sub: "alice" },
    });
  });

  test("is refused where the issuer may not, whatever keys it publishes", async () => {
    const others = algorithms.filter((other) => other !== alg);
    const verifier = verifierFor(provider.issuer, { overrides: { algorithms: others } });
    const error = await rejectionOf(verifier.verify(accessToken(keyOf(alg), provider.issuer)));
    expect(error).toMatchObject({ name: "RefusedError", code: "token.header_refused", field: "alg" });
  });
});

test("EdDSA must be allowed on purpose", async () => {
  const verifier = verifierFor(provider.issuer);
  const ask = (alg: string) => verifier.verify(accessToken(keyOf(alg), provider.issuer));
  for (const alg of ["RS256", "PS256", "ES256"]) await ask(alg);
  for (const alg of ["ES384", "EdDSA"]) {
    expect(await rejectionOf(ask(alg))).toMatchObject({ code: "token.header_refused" });
  }
});

test("a verified token says who, for whom, what and until when", async () => {
  const overrides = { claims: { record: ["tenant"], personal: ["email"] } };
  const verifier = verifierFor(provider.issuer, { overrides });
  const iat = Math.floor(Date.now() / 1000) - 5;
  const claims = { iat, exp: iat + 300, tenant: "acme", email: "alice@example.com", act: { sub: "agent" } };
  expect(await verifier.verify(accessToken(keyOf("ES256"), provider.issuer, claims))).toEqual({
    subject: { iss: provider.issuer, sub: "alice" },
    clientId: "web",
    actors: [{ sub: "agent" }],
    scopes: ["payout:start", "payout:status"],
    audience: gateAudience,
    issuedAt: iat * 1000,
    expiresAt: (iat + 300) * 1000,
    fingerprint: expect.stringMatching(/^v1\.k1\.[\w-]{43}$/),
    claims: { tenant: "acme" },
    personalClaims: { email: "alice@example.com" },
  });
});

describe("a token's fingerprint", () => {
  const verifier = () => verifierFor(provider.issuer);
  const print = async (raw: string) => (await verifier().verify(raw)).fingerprint;

  test("is that of its jti, whatever else it says", async () => {
    const [one, same, other] = await Promise.all([
      print(accessToken(keyOf("ES256"), provider.issuer)),
      print(accessToken(keyOf("RS256"), provider.issuer, { scope: "" })),
      print(accessToken(keyOf("ES256"), provider.issuer, { jti: "token-2" })),
    ]);
    expect(one).toBe(same);
    expect(one).not.toBe(other);
  });

  test("without jti is that of what was signed, whatever the signature", async () => {
    const raw = accessToken(keyOf("ES256"), provider.issuer, { jti: undefined });
    const signature = Buffer.from(raw.slice(raw.lastIndexOf(".") + 1), "base64url");
    const altered = `${raw.slice(0, raw.lastIndexOf("."))}.${negateS(signature).toString("base64url")}`;
    expect(altered).not.toBe(raw);
    expect(await print(altered)).toBe(await print(raw));
  });
});

test("two issuers' tokens are each verified with their own issuer's keys", async () => {
  const other = await startScriptedProvider();
  const otherKey = generateKey("ES256", keyOf("ES256").kid);
  other.answers.set("/jwks", { json: keySet(otherKey) });
  const issuers = [issuerConfig(provider.issuer), issuerConfig(other.issuer, { algorithms: ["ES256"] })];
  const clock = { now: Date.now };
  const providers = createIdentityProviders({ issuers, clock, clientSecret: async () => "unused" });
  const verifier = createAccessTokenVerifier({ issuers, clock, providers, fingerprintKey });
  const outcome = (raw: string) =>
    verifier.verify(raw).then(
      ({ subject }) => subject.iss,
      (error: { code: string }) => error.code,
    );
  expect([
    await outcome(accessToken(keyOf("ES256"), provider.issuer)),
    await outcome(accessToken(otherKey, other.issuer)),
    await outcome(accessToken(keyOf("ES256"), other.issuer)),
    await outcome(accessToken(otherKey, provider.issuer)),
    await outcome(accessToken(keyOf("RS256"), other.issuer)),
  ]).toEqual([
    provider.issuer,
    other.issuer,
    "token.signature_invalid",
    "token.signature_invalid",
    "token.header_refused",
  ]);
  await other.close();
});

test("two issuers that take opaque tokens are one too many", () => {
  const issuers = ["https://a.example", "https://b.example"].map((issuer) =>
    issuerConfig(issuer, { opaqueTokens: true }),
  );
  const create = () =>
    createAccessTokenVerifier({
      issuers,
      clock: { now: Date.now },
      fingerprintKey,
      providers: { of: expect.fail },
    });
  expect(create).toThrow(InvalidInputError);
  expect(create).toThrow(expect.objectContaining({ code: "config.invalid", field: "issuers" }));
});

/** Another signature of the same text by the same key: (r, n - s) verifies as (r, s) does. */
function negateS(signature: Buffer): Buffer {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const s = order - BigInt(`0x${signature.subarray(32).toString("hex")}`);
  return Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, "0"), "hex")]);
}
