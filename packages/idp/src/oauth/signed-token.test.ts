import { RefusedError, UnavailableError } from "@countersign/core/error/errors";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { expectNoSecret, rejectionOf } from "../../test-support/error-text.ts";
import { providerAt } from "../../test-support/idp-client.ts";
import { clientId, grantAudience } from "../../test-support/issuer-config.ts";
import {
  discoveryPath,
  metadataOf,
  type ScriptedProvider,
  startScriptedProvider,
} from "../../test-support/scripted-provider.ts";
import { forge, generateKey, randomToken } from "../../test-support/token-forge.ts";
import { keySet } from "../../test-support/verifier.ts";
import type { OAuthIdentityProvider } from "./identity-provider.ts";

const key = generateKey("RS256");
const iat = 1_772_366_400;
let now = 0;
let provider: ScriptedProvider;
beforeEach(async () => {
  now = (iat + 10) * 1000;
  provider = await startScriptedProvider();
  provider.answers.set("/jwks", { json: keySet(key) });
  mute();
});
afterEach(() => provider.close());

/** Takes endpoints out of the metadata, as at a provider that has none. */
function mute(names: readonly string[] = ["introspection_endpoint", "revocation_endpoint"]): void {
  const metadata = Object.entries(metadataOf(provider.issuer)).filter(([name]) => !names.includes(name));
  provider.answers.set(discoveryPath, { json: Object.fromEntries(metadata) });
}

const client = (profile: "entra" | "rfc9068" | "auth0" = "entra"): OAuthIdentityProvider =>
  providerAt(provider.issuer, { overrides: { profile }, now: () => now });

const claims = () => ({
  iss: provider.issuer,
  aud: grantAudience,
  sub: "pairwise-of-payments",
  oid: "object-1",
  azp: clientId,
  ver: "2.0",
  scp: "read write",
  iat,
  nbf: iat,
  exp: iat + 600,
});
const signed = (changes: object = {}, header: object = {}) =>
  forge(key, { alg: "RS256", typ: "JWT", kid: key.kid, ...header }, { ...claims(), ...changes });

describe("a token of a provider that can't be asked", () => {
  test("is what it says of itself, and that this is by its signature", async () => {
    expect(await client().introspect(signed())).toEqual({
      active: true,
      evidence: "signature",
      subject: { iss: provider.issuer, sub: "pairwise-of-payments" },
      principal: "object-1",
      clientId,
      scopes: ["read", "write"],
      audiences: [grantAudience],
      actors: [],
      expiresAt: (iat + 600) * 1000,
    });
  });

  test("is not revoked there, stays active until it has expired, and never is called inactive before", async () => {
    expect(await client().revoke(signed())).toBe("unsupported");
    now = (iat + 600 + 60) * 1000 - 1;
    expect(await client().introspect(signed())).toMatchObject({ active: true, evidence: "signature" });
    now += 1;
    expect(await client().introspect(signed())).toEqual({ active: false });
  });

  test.each<[string, object, object]>([
    ["another client", { azp: "other" }, { clientId: "other" }],
    ["no client", { azp: undefined }, { clientId: undefined }],
    ["several audiences", { aud: ["a", "b"] }, { audiences: ["a", "b"] }],
    ["scopes that are none", { scp: ["read"] }, { scopes: [] }],
    ["no subject", { sub: undefined }, { subject: undefined }],
    ["an actor", { act: { sub: "agent" } }, { actors: [{ sub: "agent" }] }],
  ])("is read and not judged: %s", async (_what, changes, facts) => {
    expect(await client().introspect(signed(changes))).toMatchObject({ active: true, ...facts });
  });

  test.each<[string, () => string]>([
    [
      "signed by another key",
      () => forge(generateKey("RS256", key.kid), { alg: "RS256", typ: "JWT", kid: key.kid }, claims()),
    ],
    [
      "signed by a key that is not published",
      () => forge(generateKey("RS256"), { alg: "RS256", typ: "JWT", kid: "k" }, claims()),
    ],
    ["of another issuer", () => signed({ iss: "https://other.example" })],
    ["of another type", () => signed({}, { typ: "logout+jwt" })],
    ["with its own key", () => signed({}, { jwk: {} })],
    ["without an end", () => signed({ exp: undefined })],
  ])("%s is no token to use", async (_what, make) => {
    const token = make();
    const error = await rejectionOf(client().introspect(token));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ code: "provider.grant_mismatch" });
    expectNoSecret(error, [token]);
  });

  test("can't be read while the issuer's keys can't be had", async () => {
    provider.answers.set("/jwks", { status: 500 });
    expect(await rejectionOf(client().introspect(signed()))).toBeInstanceOf(UnavailableError);
  });

  test("that is opaque can't be checked at all", async () => {
    const token = randomToken();
    const error = await rejectionOf(client().introspect(token));
    expect(error).toMatchObject({ code: "provider.token_uncheckable", definition: { retryable: false } });
    expectNoSecret(error, [token]);
  });
});

describe("a provider that introspects, but no JWT", () => {
  const refusal = { status: 400, json: { error: "unsupported_token_type" } };

  test("has a JWT read by its signature", async () => {
    mute([]);
    provider.answers.set("/introspect", refusal);
    const token = signed({ client_id: clientId, scope: "read", azp: undefined }, { typ: "at+jwt" });
    expect(await client("rfc9068").introspect(token)).toMatchObject({
      active: true,
      evidence: "signature",
      scopes: ["read"],
      clientId,
    });
  });

  test("has its other refusals stand", async () => {
    mute([]);
    provider.answers.set("/introspect", { status: 400, json: { error: "invalid_request" } });
    expect(await rejectionOf(client().introspect(signed()))).toMatchObject({
      code: "provider.client_refused",
    });
    expect(provider.count("/jwks")).toBe(0);
  });
});

test("a provider that takes a revocation and can't be asked leaves it open what became of the token", async () => {
  mute(["introspection_endpoint"]);
  provider.answers.set("/revoke", {});
  const token = signed({ scope: "read" });
  expect(await client("auth0").revoke(token)).toBe("accepted");
  expect(await client("auth0").introspect(token)).toMatchObject({ active: true, evidence: "signature" });
});
