import { RefusedError } from "@countersign/core/error/errors";
import { type ProfileName, profileNames } from "@countersign/core/token/profiles";
import type { TokenVerifier, VerifiedToken } from "@countersign/core/token/verified-token";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectNoSecret, rejectionOf } from "../../test-support/error-text.ts";
import {
  type Change,
  hostileChanges,
  hostileEverywhere,
  soundChanges,
} from "../../test-support/hostile-profile-tokens.ts";
import { gateAudience } from "../../test-support/issuer-config.ts";
import { type ProfileToken, profileExamples } from "../../test-support/profile-tokens.ts";
import {
  discoveryPath,
  metadataOf,
  type ScriptedProvider,
  startScriptedProvider,
} from "../../test-support/scripted-provider.ts";
import { forge, generateKey } from "../../test-support/token-forge.ts";
import { keySet, verifierFor } from "../../test-support/verifier.ts";

const now = Math.floor(Date.now() / 1000);
/** As Cognito names its keys. */
const key = generateKey("RS256", "jVLgnqmYmXOPR/Z7UEd7gRwOlwLgTpTz+M5Yw9kP5r4=");
const plainKey = { ...key, kid: "2ZQpJ3UpbjAYXYGaXEJl8lV0TOI" };
let provider: ScriptedProvider;
const verifiers = new Map<ProfileName, TokenVerifier>();

beforeAll(async () => {
  provider = await startScriptedProvider();
  for (const name of profileNames) {
    const issuer = issuerOf(name);
    const { options } = profileExamples[name];
    const path = new URL(issuer).pathname.replace(/\/$/, "");
    const metadata = { ...metadataOf(issuer), jwks_uri: `${provider.issuer}/jwks` };
    provider.answers.set(`${path}${discoveryPath}`, { json: metadata });
    verifiers.set(name, verifierFor(issuer, { overrides: options, now: () => now * 1000 }));
  }
  provider.answers.set("/jwks", { json: keySet(key, plainKey) });
});
afterAll(() => provider.close());

const issuerOf = (name: ProfileName) => `${provider.issuer}${profileExamples[name].path}`;
const accessTokenOf = (name: ProfileName) => profileExamples[name].accessToken(issuerOf(name), now - 10);

function sign(name: ProfileName, { header, claims }: ProfileToken, change: Change = {}): string {
  const { kid } = name === "cognito" ? key : plainKey;
  return forge(key, { alg: "RS256", kid, ...header, ...change.header }, { ...claims, ...change.claims });
}

function verify(name: ProfileName, token: string): Promise<VerifiedToken> {
  return verifiers.get(name)?.verify(token) ?? expect.fail(name);
}

async function expectRefusal(name: ProfileName, token: string, code: string, field?: string): Promise<void> {
  const error = await rejectionOf(verify(name, token));
  expect(error).toBeInstanceOf(RefusedError);
  expect(error).toMatchObject({ code, definition: { status: 401, retryable: false } });
  if (field !== undefined) expect(error).toHaveProperty("field", field);
  expectNoSecret(error, [token]);
}

describe.each(profileNames)("profile %s", (name) => {
  test("verifies the provider's access token", async () => {
    const verified = await verify(name, sign(name, accessTokenOf(name)));
    expect(verified).toMatchObject(profileExamples[name].verified);
    expect(verified.subject.iss).toBe(issuerOf(name));
  });

  test.each(soundChanges[name])("verifies one %s", async (_what, change, verified) => {
    expect(await verify(name, sign(name, accessTokenOf(name), change))).toMatchObject(verified);
  });

  test("refuses the provider's ID token", async () => {
    const idToken = profileExamples[name].idToken(issuerOf(name), now - 10);
    await expectRefusal(name, sign(name, idToken), "token.type_mismatch");
  });

  test("refuses it with its nonce also under the header of an access token, and with a scope", async () => {
    const idToken = profileExamples[name].idToken(issuerOf(name), now - 10);
    const { header } = accessTokenOf(name);
    for (const scope of [undefined, "payout:start"]) {
      const claims = { ...idToken.claims, nonce: "n", ...(scope && { scope, scp: scope }) };
      const disguised = sign(name, { ...(header && { header }), claims });
      await expectRefusal(name, disguised, "token.type_mismatch");
    }
  });

  test.each([...hostileEverywhere, ...hostileChanges[name]])("refuses %s: %s", (_what, code, field, change) =>
    expectRefusal(name, sign(name, accessTokenOf(name), change), code, field));

  test("refuses another key's signature", async () => {
    const foreign = { ...generateKey("RS256"), kid: plainKey.kid };
    const { header, claims } = accessTokenOf(name);
    const token = forge(foreign, { alg: "RS256", kid: foreign.kid, ...header }, claims);
    await expectRefusal(name, token, "token.signature_invalid");
  });

  test("refuses the access token with any few characters changed", async () => {
    const sound = sign(name, accessTokenOf(name));
    const character = fc.constantFrom(..."ABCXYZabcxyz0189-_.=~+/ \n");
    const mutated = fc
      .tuple(fc.nat(sound.length), fc.nat(2), fc.array(character, { maxLength: 2 }))
      .map(([at, removed, put]) => sound.slice(0, at) + put.join("") + sound.slice(at + removed));
    await fc.assert(
      fc.asyncProperty(mutated, async (token) => {
        fc.pre(token !== sound);
        expect(await rejectionOf(verify(name, token))).toBeInstanceOf(RefusedError);
      }),
      { numRuns: 150 },
    );
  });

  test("gives of a signed token with any claim changed only what it may, or refuses it", async () => {
    const token = accessTokenOf(name);
    const names = [
      ...Object.keys(token.claims),
      "aud",
      "act",
      "cnf",
      "nonce",
      "typ",
      "token_use",
      "scope",
      "azp",
    ];
    const lure = fc.constantFrom(
      "ID",
      "id",
      "app",
      gateAudience,
      "account",
      [gateAudience, "account"],
      0,
      "",
      [],
    );
    const value = fc.oneof(fc.jsonValue(), lure, fc.constant(undefined));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), value, async (claim, put) => {
        const claims = { ...token.claims, [claim]: put };
        const verified = await unlessRefused(verify(name, sign(name, { ...token, claims })));
        if (verified === undefined) return;
        expectFaithful(name, verified, JSON.parse(JSON.stringify(claims)));
      }),
      { numRuns: 150 },
    );
  });
});

/** Undefined for a refusal; any other error is a fault. */
async function unlessRefused(outcome: Promise<VerifiedToken>): Promise<VerifiedToken | undefined> {
  return outcome.catch((error: unknown) => {
    if (error instanceof RefusedError) return undefined;
    throw error;
  });
}

/** What holds of every token that is let through. */
function expectFaithful(name: ProfileName, token: VerifiedToken, claims: Record<string, unknown>): void {
  expect(token.subject).toEqual({ iss: issuerOf(name), sub: claims["sub"] });
  const clients = ["client_id", "azp", "appid", "cid"].map((claim) => claims[claim]);
  expect(clients).toContain(token.clientId);
  const granted = [claims["scope"], claims["scp"], claims["roles"]].flatMap((claim) =>
    typeof claim === "string" ? claim.split(" ") : claim,
  );
  for (const scope of token.scopes) expect(granted).toContain(scope);
  if (name === "cognito") expect(claims).toMatchObject({ token_use: "access" });
  else expect([claims["aud"]].flat()).toContain(gateAudience);
  if (name === "keycloak") expect(claims).toMatchObject({ typ: "Bearer" });
  for (const mark of ["nonce", "at_hash", "c_hash", "cnf"]) expect(claims).not.toHaveProperty(mark);
  expect(token.expiresAt).toBe(Number(claims["exp"]) * 1000);
}

test("a profile takes no other profile's access token, but Auth0's that of RFC 9068, which is one of its formats", async () => {
  const taken: string[] = [];
  for (const issued of profileNames) {
    for (const asked of profileNames.filter((one) => one !== issued)) {
      const { claims, ...rest } = accessTokenOf(issued);
      const token = sign(asked, { ...rest, claims: { ...claims, iss: issuerOf(asked) } });
      if (await unlessRefused(verify(asked, token))) taken.push(`${issued} as ${asked}`);
    }
  }
  expect(taken).toEqual(["rfc9068 as auth0"]);
});

test("what is refused by name is more than 80 tokens, besides those of rfc9068", () => {
  const others = profileNames.filter((name) => name !== "rfc9068");
  const count = others.reduce((sum, name) => sum + hostileEverywhere.length + hostileChanges[name].length, 0);
  expect(count).toBeGreaterThan(80);
});
