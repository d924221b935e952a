import * as oauth from "openid-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signInAsAlice } from "./testing/person.ts";
import { paymentsApi, refusalOf, secrets, startTestServer, type TestServer } from "./testing/test-server.ts";

let server: TestServer;
let agent: oauth.Configuration;
let broker: oauth.Configuration;
let api: oauth.Configuration;
let console_: oauth.Configuration;
beforeAll(async () => {
  server = await startTestServer();
  agent = await server.as("agent", secrets.agent);
  broker = await server.as("broker", secrets.broker);
  api = await server.as("api", secrets.api);
  console_ = await server.as("console", secrets.console);
});
afterAll(() => server.stop());

const opaqueToken = async () =>
  (await oauth.clientCredentialsGrant(agent, { scope: "payments:write", resource: paymentsApi }))
    .access_token;
const jwtToken = async () => (await oauth.clientCredentialsGrant(agent)).access_token;
const signIn = async () => {
  const request = { scope: "offline_access payments:read", resource: paymentsApi, prompt: "consent" };
  const { tokens } = await signInAsAlice(console_, request);
  return { access: tokens.access_token, refresh: tokens.refresh_token ?? "" };
};

describe("introspection", () => {
  test("tells a client about its own token, and a resource server about any access token", async () => {
    const token = await opaqueToken();
    expect(await oauth.tokenIntrospection(agent, token)).toMatchObject({ active: true, client_id: "agent" });
    expect(await oauth.tokenIntrospection(api, token)).toMatchObject({ active: true, client_id: "agent" });
  });

  test("tells another client nothing", async () => {
    expect(await oauth.tokenIntrospection(broker, await opaqueToken())).toEqual({ active: false });
  });

  test("tells a resource server nothing about a refresh token", async () => {
    const { refresh } = await signIn();
    expect(await oauth.tokenIntrospection(api, refresh)).toEqual({ active: false });
    expect(await oauth.tokenIntrospection(console_, refresh)).toMatchObject({ active: true });
  });

  test("says inactive for a token that never was", async () => {
    expect(await oauth.tokenIntrospection(api, "A".repeat(43))).toEqual({ active: false });
  });

  test("is refused without client authentication", async () => {
    const impostor = await server.as("api", "api-secret-guessed");
    const asked = oauth.tokenIntrospection(impostor, await opaqueToken());
    expect(await refusalOf(asked)).toEqual({ error: "invalid_client", status: 401 });
  });

  test("does not take a JWT", async () => {
    const asked = oauth.tokenIntrospection(api, await jwtToken());
    expect(await refusalOf(asked)).toEqual({ error: "unsupported_token_type", status: 400 });
  });
});

describe("revocation", () => {
  test("of an opaque token makes it inactive, and a second time is no error", async () => {
    const token = await opaqueToken();
    await oauth.tokenRevocation(agent, token);
    expect(await oauth.tokenIntrospection(agent, token)).toEqual({ active: false });
    await oauth.tokenRevocation(agent, token);
  });

  test("of another client's token is refused, and the token lives", async () => {
    const token = await opaqueToken();
    expect(await refusalOf(oauth.tokenRevocation(broker, token))).toMatchObject({ status: 400 });
    expect(await refusalOf(oauth.tokenRevocation(api, token))).toMatchObject({ status: 400 });
    expect(await oauth.tokenIntrospection(agent, token)).toMatchObject({ active: true });
  });

  test("of an access token ends the refresh token beside it, and the other way round", async () => {
    const first = await signIn();
    await oauth.tokenRevocation(console_, first.access);
    expect(await oauth.tokenIntrospection(console_, first.refresh)).toEqual({ active: false });
    const second = await signIn();
    await oauth.tokenRevocation(console_, second.refresh);
    expect(await oauth.tokenIntrospection(console_, second.access)).toEqual({ active: false });
  });

  test("does not take a JWT", async () => {
    const asked = oauth.tokenRevocation(agent, await jwtToken());
    expect(await refusalOf(asked)).toEqual({ error: "unsupported_token_type", status: 400 });
  });
});
