import type { ServerResponse } from "node:http";
import { setImmediate } from "node:timers/promises";
import { UnavailableError } from "@countersign/core/error/errors";
import { afterEach, beforeEach, expect, test } from "vitest";
import { formEncoded, passwordOf } from "../../test-support/basic-credentials.ts";
import { rejectionOf } from "../../test-support/error-text.ts";
import { providerAt } from "../../test-support/idp-client.ts";
import { type ScriptedProvider, startScriptedProvider } from "../../test-support/scripted-provider.ts";
import { randomToken } from "../../test-support/token-forge.ts";
import type { OAuthIdentityProvider } from "./identity-provider.ts";

const token = randomToken();
const oldSecret = randomToken();
const newSecret = randomToken();

let provider: ScriptedProvider;
beforeEach(async () => {
  provider = await startScriptedProvider();
});
afterEach(() => provider.close());

/** Knows one secret, and refuses all others; what it then answers is each endpoint's own. */
function takeOnly(secret: () => string): void {
  const answers = {
    "/token": { access_token: randomToken(), token_type: "Bearer", expires_in: 60 },
    "/introspect": { active: false },
    "/revoke": {},
  };
  for (const [path, json] of Object.entries(answers)) {
    provider.answers.set(path, (response) => {
      const last = passwordOf(provider.requests.at(-1)?.authorization);
      const isKnown = last === formEncoded(secret());
      response.writeHead(isKnown ? 200 : 401, { "content-type": "application/json" });
      response.end(JSON.stringify(isKnown ? json : { error: "invalid_client" }));
    });
  }
}

function store(initial: string) {
  const reads = { cached: 0, anew: 0 };
  const state = { stored: initial, cached: initial };
  const secret = async (_name: string, refresh = false) => {
    if (!refresh) {
      reads.cached += 1;
      return state.cached;
    }
    reads.anew += 1;
    await setImmediate();
    state.cached = state.stored;
    return state.cached;
  };
  return { state, reads, secret };
}

test.each<[string, (client: OAuthIdentityProvider) => Promise<unknown>]>([
  ["exchange", (client) => client.exchange({ subjectToken: token, audience: "payments", scopes: [] })],
  ["introspect", (client) => client.introspect(token)],
  ["revoke", (client) => client.revoke(token)],
])("%s goes on with the secret that is current, before the old one has left the cache", async (_what, ask) => {
  takeOnly(() => newSecret);
  const { state, reads, secret } = store(oldSecret);
  const client = providerAt(provider.issuer, { secret });
  state.stored = newSecret;
  await expect(ask(client)).resolves.toBeDefined();
  await expect(ask(client)).resolves.toBeDefined();
  expect(reads.anew).toBe(1);
});

test("a hundred requests at once all succeed on one read of the secret", async () => {
  takeOnly(() => newSecret);
  const { state, reads, secret } = store(oldSecret);
  const client = providerAt(provider.issuer, { secret });
  state.stored = newSecret;
  const answers = await Promise.all(Array.from({ length: 100 }, () => client.introspect(token)));
  expect(answers).toEqual(Array.from({ length: 100 }, () => ({ active: false })));
  expect(reads.anew).toBe(1);
});

test("a refusal that comes late finds the secret that was read meanwhile", async () => {
  const { state, reads, secret } = store(oldSecret);
  let now = 1_000_000;
  const client = providerAt(provider.issuer, { secret, now: () => now });
  const held = Promise.withResolvers<ServerResponse>();
  provider.answers.set("/introspect", (response) => held.resolve(response));
  const late = client.introspect(token);
  const response = await held.promise;
  takeOnly(() => newSecret);
  state.stored = newSecret;
  await client.introspect(token);
  now += 60_000;
  response.writeHead(401, { "content-type": "application/json" });
  response.end('{"error":"invalid_client"}');
  expect(await late).toEqual({ active: false });
  expect(reads.anew).toBe(1);
});

test("a provider that refuses every secret costs one read of it a second", async () => {
  takeOnly(() => "none");
  const { reads, secret } = store(oldSecret);
  let now = 1_000_000;
  const client = providerAt(provider.issuer, { secret, now: () => now });
  for (const expected of [1, 2]) {
    for (let wave = 0; wave < 3; wave += 1) {
      const errors = await Promise.all(
        Array.from({ length: 20 }, () => rejectionOf(client.introspect(token))),
      );
      for (const error of errors) expect(error).toMatchObject({ code: "provider.client_refused" });
    }
    expect(reads.anew).toBe(expected);
    now += 1_000;
  }
});

test("a read of the secret that failed is no answer for the next request", async () => {
  takeOnly(() => newSecret);
  const { state, secret } = store(oldSecret);
  let isDown = true;
  const failure = new UnavailableError("store.unavailable", "the secret store is throttled");
  const client = providerAt(provider.issuer, {
    secret: (name, refresh) => (refresh && isDown ? Promise.reject(failure) : secret(name, refresh)),
  });
  state.stored = newSecret;
  expect(await rejectionOf(client.introspect(token))).toBe(failure);
  isDown = false;
  expect(await client.introspect(token)).toEqual({ active: false });
});
