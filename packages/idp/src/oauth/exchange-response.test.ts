import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { expectNoSecret, rejectionOf } from "../../test-support/error-text.ts";
import { providerAt } from "../../test-support/idp-client.ts";
import { clientSecret } from "../../test-support/issuer-config.ts";
import {
  type CannedResponse,
  type ScriptedProvider,
  startScriptedProvider,
} from "../../test-support/scripted-provider.ts";
import { randomToken } from "../../test-support/token-forge.ts";
import type { OAuthIdentityProvider } from "./identity-provider.ts";

const now = Date.parse("2026-03-01T12:00:00Z");
const subjectToken = randomToken();
const issued = randomToken();
const refreshToken = randomToken();
const secrets = [subjectToken, issued, refreshToken, clientSecret];
const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";

let provider: ScriptedProvider;
let client: OAuthIdentityProvider;
beforeEach(async () => {
  provider = await startScriptedProvider();
  client = providerAt(provider.issuer, { now: () => now });
});
afterEach(() => provider.close());

const exchange = ({ scopes = ["a", "b"], audience = "https://payments.example" } = {}) =>
  client.exchange({ subjectToken, audience, scopes });

/** A response sound but for what a test changes. */
function answer(changes: object): void {
  const sound = {
    access_token: issued,
    issued_token_type: accessTokenType,
    token_type: "Bearer",
    expires_in: 600,
  };
  provider.answers.set("/token", { json: { ...sound, ...changes } });
}

describe("a token that can be used", () => {
  test.each<[string, object, object]>([
    ["without expires_in has no known expiry", { expires_in: undefined }, { expiresAt: undefined }],
    ["expires expires_in after now", { expires_in: 600 }, { expiresAt: now + 600_000 }],
    ["may count its life in text", { expires_in: "600" }, { expiresAt: now + 600_000 }],
    ["has its life rounded down to seconds", { expires_in: 1.9 }, { expiresAt: now + 1000 }],
    ["may be over at once", { expires_in: 0 }, { expiresAt: now }],
    [
      "has no known expiry past the numbers that count exactly",
      { expires_in: 2 ** 53 },
      { expiresAt: undefined },
    ],
    ["without scope has those asked for", { scope: undefined }, { scopes: ["a", "b"] }],
    ["says a wider scope than was asked for", { scope: "a b c" }, { scopes: ["a", "b", "c"] }],
    ["says a narrower scope than was asked for", { scope: "a" }, { scopes: ["a"] }],
    ["says that it has no scope", { scope: "" }, { scopes: [] }],
    ["has its type in any case", { token_type: "BEARER" }, { value: issued }],
    ["need not say issued_token_type", { issued_token_type: undefined }, { value: issued }],
  ])("%s", async (_what, changes, facts) => {
    answer(changes);
    expect(await exchange()).toMatchObject({ value: issued, ...facts });
  });

  test("comes without the refresh token that was sent along", async () => {
    answer({ refresh_token: refreshToken, scope: "a" });
    const { value, ...rest } = await exchange();
    expect(value).toBe(issued);
    expect(JSON.stringify(rest)).not.toContain(refreshToken);
  });
});

const unusable: [string, object][] = [
  ["bound to a DPoP key", { token_type: "DPoP" }],
  ["that is no OAuth token", { token_type: "N_A" }],
  ["of another token type", { token_type: "mac" }],
  ["of a token type that is no text", { token_type: 1 }],
  ["without a token type", { token_type: undefined }],
  ["that is a refresh token", { issued_token_type: "urn:ietf:params:oauth:token-type:refresh_token" }],
  ["that is an ID token", { issued_token_type: "urn:ietf:params:oauth:token-type:id_token" }],
  ["with a life below zero", { expires_in: -1 }],
  ["with a life that is no number", { expires_in: "soon" }],
  ["with a scope that is a list", { scope: ["a"] }],
];

describe.each(unusable)("an exchanged token %s", (_what, changes) => {
  test("is revoked and refused", async () => {
    answer(changes);
    provider.answers.set("/revoke", { status: 200 });
    const error = await rejectionOf(exchange());
    expect(error).toMatchObject({ name: "RefusedError", code: "provider.grant_mismatch" });
    const revoked = provider.requests.filter(({ path }) => path === "/revoke");
    expect(revoked.map(({ parameters }) => parameters.get("token"))).toEqual([issued]);
    expectNoSecret(error, secrets);
  });

  test.each<[string, CannedResponse]>([
    ["can't be revoked now", { status: 503, text: issued }],
    ["is of a kind its provider does not revoke", { status: 400, json: { error: "unsupported_token_type" } }],
  ])("may live on where it %s, and that is said", async (_why, revocation) => {
    answer(changes);
    provider.answers.set("/revoke", revocation);
    const error = await rejectionOf(exchange());
    expect(error).toMatchObject({ name: "OutcomeUnknownError", code: "provider.unavailable" });
    expectNoSecret(error, secrets);
  });
});

test.each([
  ["without a token", { access_token: undefined, scope: issued }],
  ["with an empty token", { access_token: "" }],
  ["with an ID token that is none", { id_token: "x" }],
  ["with a token that is no text", { access_token: { value: issued } }],
])("a response %s leaves open whether one was issued", async (_what, changes) => {
  answer(changes);
  const error = await rejectionOf(exchange());
  expect(error).toMatchObject({ name: "OutcomeUnknownError", code: "provider.unavailable" });
  expect(provider.count("/revoke")).toBe(0);
  expectNoSecret(error, secrets);
});

describe("the request", () => {
  test("asks for an access token for an access token (RFC 8693 §2.1)", async () => {
    answer({});
    await exchange();
    const [{ parameters } = { parameters: new URLSearchParams() }] = provider.requests.slice(-1);
    expect(Object.fromEntries(parameters)).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: subjectToken,
      subject_token_type: accessTokenType,
      requested_token_type: accessTokenType,
      audience: "https://payments.example",
      resource: "https://payments.example",
      scope: "a b",
    });
  });

  test.each([
    ["no URI", "payments"],
    ["a URI with a fragment", "https://payments.example/#api"],
  ])("names no resource where the audience is %s (RFC 8707 §2)", async (_what, audience) => {
    answer({});
    await exchange({ audience, scopes: [] });
    const parameters = provider.requests.at(-1)?.parameters;
    expect([parameters?.get("audience"), parameters?.has("resource"), parameters?.has("scope")]).toEqual([
      audience,
      false,
      false,
    ]);
  });
});
