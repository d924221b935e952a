import { UnavailableError } from "@countersign/core/error/errors";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formEncoded, passwordOf } from "../../test-support/basic-credentials.ts";
import { expectNoSecret, rejectionOf } from "../../test-support/error-text.ts";
import { unusedUrl } from "../../test-support/http-listener.ts";
import { providerAt } from "../../test-support/idp-client.ts";
import {
  type Answer,
  discoveryPath,
  metadataOf,
  type ScriptedProvider,
  startScriptedProvider,
} from "../../test-support/scripted-provider.ts";
import { randomToken } from "../../test-support/token-forge.ts";

const token = randomToken();
const oldSecret = randomToken();
const newSecret = randomToken();
const unavailable = { name: "UnavailableError", code: "provider.unavailable" };
const inactive: Answer = { json: { active: false } };
const invalidClient: Answer = { status: 401, json: { error: "invalid_client" } };

let provider: ScriptedProvider;
beforeEach(async () => {
  provider = await startScriptedProvider();
  provider.answers.set("/introspect", inactive);
});
afterEach(() => provider.close());

describe("metadata", () => {
  test("is asked for once, however many requests need it at once", async () => {
    const client = providerAt(provider.issuer);
    await Promise.all([client.introspect(token), client.introspect(token), client.jwksUri()]);
    await client.introspect(token);
    expect(provider.count(discoveryPath)).toBe(1);
  });

  test("is looked for under the path of an issuer that has one", async () => {
    const issuer = `${provider.issuer}/realms/payments`;
    provider.answers.set(`/realms/payments${discoveryPath}`, { json: metadataOf(issuer) });
    provider.answers.set("/realms/payments/introspect", inactive);
    expect(await providerAt(issuer).introspect(token)).toEqual({ active: false });
  });

  test("that could not be had is asked for again after a second, however many ask meanwhile", async () => {
    provider.answers.set(discoveryPath, [{ status: 500 }, { json: metadataOf(provider.issuer) }]);
    let now = 1_000_000;
    const client = providerAt(provider.issuer, { now: () => now });
    const errors = await Promise.all(Array.from({ length: 50 }, () => rejectionOf(client.introspect(token))));
    for (const error of errors) expect(error).toMatchObject(unavailable);
    now += 999;
    expect(await rejectionOf(client.introspect(token))).toMatchObject(unavailable);
    expect(provider.count(discoveryPath)).toBe(1);
    now += 1;
    expect(await client.introspect(token)).toEqual({ active: false });
    expect(provider.count(discoveryPath)).toBe(2);
  });

  test("that could not be had is asked for at once when the clock was set back", async () => {
    provider.answers.set(discoveryPath, [{ status: 500 }, { json: metadataOf(provider.issuer) }]);
    let now = 1_000_000;
    const client = providerAt(provider.issuer, { now: () => now });
    await rejectionOf(client.introspect(token));
    now -= 1;
    expect(await client.introspect(token)).toEqual({ active: false });
  });

  test("is asked for again after a day, and an endpoint that moved is found", async () => {
    let now = 1_000_000;
    const client = providerAt(provider.issuer, { now: () => now });
    await client.introspect(token);
    const moved = { ...metadataOf(provider.issuer), introspection_endpoint: `${provider.issuer}/moved` };
    provider.answers.set(discoveryPath, { json: moved });
    provider.answers.set("/moved", inactive);
    now += 86_399_999;
    await client.introspect(token);
    expect(provider.count("/moved")).toBe(0);
    now += 1;
    await client.introspect(token);
    expect(provider.count("/moved")).toBe(1);
  });

  test("a day old serves on while it can't be had anew, which is tried once a minute", async () => {
    let now = 1_000_000;
    const client = providerAt(provider.issuer, { now: () => now });
    await client.introspect(token);
    provider.answers.set(discoveryPath, { status: 500 });
    now += 86_400_000;
    for (const passed of [0, 59_999, 1]) {
      now += passed;
      expect(await client.introspect(token)).toEqual({ active: false });
    }
    expect(provider.count(discoveryPath)).toBe(3);
  });

  test.each<[string, (issuer: string) => Answer]>([
    ["is another issuer's", () => ({ json: metadataOf("https://id.example") })],
    ["has the issuer with a slash at the end", (issuer) => ({ json: metadataOf(`${issuer}/`) })],
    ["names no issuer", (issuer) => ({ json: { ...metadataOf(issuer), issuer: undefined } })],
    ["is a list", () => ({ json: [] })],
    ["is a page", () => ({ text: "<p>", headers: { "content-type": "text/html" } })],
    ["is half a JSON text", () => ({ text: '{"issuer":', headers: { "content-type": "application/json" } })],
    ["is elsewhere", () => ({ status: 302, headers: { location: "/elsewhere" } })],
    ["is not there", () => ({ status: 404 })],
    ["is refused", () => ({ status: 401, json: { error: "invalid_client" } })],
    ["is too large", (issuer) => ({ json: { ...metadataOf(issuer), padding: "x".repeat(300_000) } })],
    ["never comes", () => "hang"],
    ["breaks off", () => "reset"],
  ])("that %s makes the provider unavailable, and nothing is sent to it", async (_what, answer) => {
    provider.answers.set(discoveryPath, answer(provider.issuer));
    const client = providerAt(provider.issuer, { timeoutSeconds: 1 });
    const exchange = { subjectToken: token, audience: "payments", scopes: [] };
    for (const ask of [
      client.exchange(exchange),
      client.introspect(token),
      client.revoke(token),
      client.jwksUri(),
    ]) {
      const error = await rejectionOf(ask);
      expect(error).toMatchObject(unavailable);
      expectNoSecret(error, [token]);
    }
    expect(new Set(provider.requests.map(({ path }) => path))).toEqual(new Set([discoveryPath]));
  });

  test("of a provider that does not listen makes it unavailable", async () => {
    const error = await rejectionOf(providerAt(await unusedUrl()).introspect(token));
    expect(error).toMatchObject({ ...unavailable, cause: { code: "ECONNREFUSED" } });
  });

  test.each([undefined, "not a url"])("with jwks_uri %s has no keys", async (jwks_uri) => {
    provider.answers.set(discoveryPath, { json: { ...metadataOf(provider.issuer), jwks_uri } });
    expect(await rejectionOf(providerAt(provider.issuer).jwksUri())).toMatchObject({
      ...unavailable,
      field: "jwks_uri",
    });
  });
});

/** A reader with the old secret cached and another one stored. */
function rotated(stored: string) {
  let cached = oldSecret;
  return async (_name: string, refresh = false) => {
    if (refresh) cached = stored;
    return cached;
  };
}

const passwords = () =>
  provider.requests
    .filter(({ path }) => path === "/introspect")
    .map(({ authorization }) => passwordOf(authorization));

describe("a refused client", () => {
  test("asks again with the secret that was stored meanwhile, and keeps to it", async () => {
    provider.answers.set("/introspect", [invalidClient, inactive]);
    const client = providerAt(provider.issuer, { secret: rotated(newSecret) });
    expect(await client.introspect(token)).toEqual({ active: false });
    await client.introspect(token);
    expect(passwords()).toEqual([oldSecret, newSecret, newSecret].map(formEncoded));
  });

  test("does not ask again with the same secret", async () => {
    provider.answers.set("/introspect", invalidClient);
    const client = providerAt(provider.issuer, { secret: rotated(oldSecret) });
    expect(await rejectionOf(client.introspect(token))).toMatchObject({ code: "provider.client_refused" });
    expect(passwords()).toHaveLength(1);
  });

  test("asks no third time", async () => {
    provider.answers.set("/introspect", invalidClient);
    const client = providerAt(provider.issuer, { secret: rotated(newSecret) });
    const error = await rejectionOf(client.introspect(token));
    expect(error).toMatchObject({ code: "provider.client_refused", oauthError: "invalid_client" });
    expect(passwords()).toHaveLength(2);
    expectNoSecret(error, [oldSecret, newSecret, token]);
  });

  test("whose second request fails otherwise reports that", async () => {
    provider.answers.set("/introspect", [invalidClient, { status: 503, headers: { "retry-after": "3" } }]);
    const client = providerAt(provider.issuer, { secret: rotated(newSecret) });
    expect(await rejectionOf(client.introspect(token))).toMatchObject({
      ...unavailable,
      retryAfterSeconds: 3,
    });
  });

  test("is no reason to read a secret anew when the request was at fault", async () => {
    provider.answers.set("/introspect", { status: 400, json: { error: "invalid_request" } });
    const client = providerAt(provider.issuer, { secret: rotated(newSecret) });
    await rejectionOf(client.introspect(token));
    expect(passwords()).toHaveLength(1);
  });
});

test("a secret that can't be read is reported as its reader does, and nothing is sent", async () => {
  const failure = new UnavailableError("store.unavailable", "the secret store is throttled");
  const client = providerAt(provider.issuer, { secret: () => Promise.reject(failure) });
  expect(await rejectionOf(client.introspect(token))).toBe(failure);
  expect(provider.count("/introspect")).toBe(0);
});

test("a fault of this program is not taken for the provider's", async () => {
  const fault = new TypeError("secret is not a function");
  const client = providerAt(provider.issuer, { secret: () => Promise.reject(fault) });
  expect(await rejectionOf(client.introspect(token))).toBe(fault);
});
