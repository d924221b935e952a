import * as oauth from "openid-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signInAsAlice } from "./testing/person.ts";
import { paymentsApi, refusalOf, secrets, startTestServer, type TestServer } from "./testing/test-server.ts";

let server: TestServer;
let config: oauth.Configuration;
beforeAll(async () => {
  server = await startTestServer();
  config = await server.as("console", secrets.console);
});
afterAll(() => server.stop());

async function signIn() {
  const request = { scope: "offline_access payments:read", resource: paymentsApi, prompt: "consent" };
  const { tokens } = await signInAsAlice(config, request);
  return { ...tokens, refresh_token: tokens.refresh_token ?? "" };
}

const isActive = async (token: string) => (await oauth.tokenIntrospection(config, token)).active;

describe("refresh tokens", () => {
  test("each use gives a new one and a new access token for the same resource and subject", async () => {
    const first = await signIn();
    const second = await oauth.refreshTokenGrant(config, first.refresh_token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    const state = await oauth.tokenIntrospection(config, second.access_token);
    expect(state).toMatchObject({ active: true, sub: "alice", aud: paymentsApi, scope: "payments:read" });
  });

  test("one used twice is refused, and everything that came of it is dead", async () => {
    const first = await signIn();
    const second = await oauth.refreshTokenGrant(config, first.refresh_token);
    const reuse = oauth.refreshTokenGrant(config, first.refresh_token);
    expect(await refusalOf(reuse)).toEqual({ error: "invalid_grant", status: 400 });
    expect(await isActive(second.access_token)).toBe(false);
    const successor = oauth.refreshTokenGrant(config, second.refresh_token ?? "");
    expect(await refusalOf(successor)).toEqual({ error: "invalid_grant", status: 400 });
  });

  test("of two uses at once at most one is answered, and the family is dead after", async () => {
    const { refresh_token } = await signIn();
    const outcomes = await Promise.allSettled([
      oauth.refreshTokenGrant(config, refresh_token),
      oauth.refreshTokenGrant(config, refresh_token),
    ]);
    const answered = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    expect(answered.length).toBeLessThanOrEqual(1);
    for (const { access_token } of answered) expect(await isActive(access_token)).toBe(false);
  });

  test("another client can't use it", async () => {
    const { refresh_token } = await signIn();
    const thief = await server.as("gate", secrets.gate);
    expect(await refusalOf(oauth.refreshTokenGrant(thief, refresh_token))).toMatchObject({
      error: "invalid_grant",
    });
  });

  test("a scope beyond the granted one is refused", async () => {
    const { refresh_token } = await signIn();
    const wider = oauth.refreshTokenGrant(config, refresh_token, { scope: "payments:write" });
    expect(await refusalOf(wider)).toMatchObject({ error: "invalid_scope" });
  });
});
