import * as oauth from "openid-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  exchange,
  exchangeGrant,
  paymentsApi,
  refusalOf,
  secrets,
  startTestServer,
  type TestServer,
} from "./testing/test-server.ts";

const initialAccessToken = "initial-access-token-NDg1ZmY5";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ initialAccessToken });
});
afterAll(() => server.stop());

const machine = {
  client_name: "Machine",
  grant_types: ["client_credentials"],
  response_types: [],
  redirect_uris: [],
};

interface Registered {
  client_id: string;
  client_secret: string;
  registration_client_uri: string;
  registration_access_token: string;
}

async function register(metadata: Partial<oauth.ClientMetadata> = machine): Promise<Registered> {
  const config = await oauth.dynamicClientRegistration(new URL(server.issuer), metadata, undefined, {
    initialAccessToken,
    execute: [oauth.allowInsecureRequests],
  });
  return config.clientMetadata() as unknown as Registered;
}

async function manage(
  { registration_client_uri, registration_access_token }: Registered,
  method: "GET" | "PUT" | "DELETE",
  metadata?: object,
) {
  const response = await fetch(registration_client_uri, {
    method,
    headers: { authorization: `Bearer ${registration_access_token}`, "content-type": "application/json" },
    ...(metadata && { body: JSON.stringify(metadata) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

describe("dynamic registration", () => {
  test("gives a client that can get a token, and its secret once", async () => {
    const client = await register();
    expect(client.client_secret).toMatch(/^[\w-]{43}$/);
    const config = await server.as(client.client_id, client.client_secret);
    expect(await oauth.clientCredentialsGrant(config)).toHaveProperty("access_token");
    const { status, body } = await manage(client, "GET");
    expect(status).toBe(200);
    expect(body).toMatchObject({ client_id: client.client_id, client_name: "Machine" });
    expect(body).not.toHaveProperty("client_secret");
  });

  test("is refused without the initial access token", async () => {
    const config = oauth.dynamicClientRegistration(new URL(server.issuer), machine, undefined, {
      initialAccessToken: "guessed",
      execute: [oauth.allowInsecureRequests],
    });
    expect(await refusalOf(config)).toMatchObject({ status: 401 });
  });

  test("gives no right to introspect others' tokens or outlive a subject token", async () => {
    for (const right of ["may_introspect", "may_outlive_subject"]) {
      const refused = await refusalOf(register({ ...machine, [right]: true }));
      expect(refused).toEqual({ error: "invalid_client_metadata", status: 400 });
    }
  });

  test("its secrets rotate with overlap like a configured client's", async () => {
    const client = await register();
    const { secret } = await server.addClientSecret(client.client_id);
    for (const valid of [client.client_secret, secret]) {
      const config = await server.as(client.client_id, valid);
      expect(await oauth.clientCredentialsGrant(config)).toHaveProperty("access_token");
    }
  });
});

describe("management of a registration", () => {
  test("changes metadata with the current secret in it, keeps the secret, renews the access token", async () => {
    const client = await register();
    const { client_id, client_secret } = client;
    const update = { ...machine, client_id, client_secret, client_name: "Renamed" };
    const { status, body } = await manage(client, "PUT", update);
    expect(status).toBe(200);
    expect(body).toMatchObject({ client_name: "Renamed" });
    expect(body).not.toHaveProperty("client_secret");
    expect(body["registration_access_token"]).not.toBe(client.registration_access_token);
    expect((await manage(client, "GET")).status).toBe(401);
    const config = await server.as(client_id, client_secret);
    expect(await oauth.clientCredentialsGrant(config)).toHaveProperty("access_token");
  });

  test("works without the secret, and refuses another one", async () => {
    const client = await register();
    const update = { ...machine, client_id: client.client_id };
    const wrong = await manage(client, "PUT", { ...update, client_secret: "another" });
    expect(wrong).toMatchObject({ status: 400, body: { error: "invalid_request" } });
    expect((await manage(client, "PUT", update)).status).toBe(200);
    const config = await server.as(client.client_id, client.client_secret);
    expect(await oauth.clientCredentialsGrant(config)).toHaveProperty("access_token");
  });

  test("refuses what is not JSON", async () => {
    const { registration_client_uri, registration_access_token } = await register();
    const response = await fetch(registration_client_uri, {
      method: "PUT",
      headers: { authorization: `Bearer ${registration_access_token}`, "content-type": "application/json" },
      body: "{",
    });
    expect(response.status).toBe(400);
  });

  test("a client that turns confidential is given a secret", async () => {
    const client = await register({ ...machine, token_endpoint_auth_method: "none" });
    expect(client.client_secret).toBeUndefined();
    const { body } = await manage(client, "PUT", { ...machine, client_id: client.client_id });
    expect(body["client_secret"]).toMatch(/^[\w-]{43}$/);
    const config = await server.as(client.client_id, String(body["client_secret"]));
    expect(await oauth.clientCredentialsGrant(config)).toHaveProperty("access_token");
  });

  test("deleting a client ends its tokens and those exchanged from them by exchange", async () => {
    const client = await register({ ...machine, grant_types: ["client_credentials", exchangeGrant] });
    const config = await server.as(client.client_id, client.client_secret);
    const own = await oauth.clientCredentialsGrant(config, {
      scope: "payments:write",
      resource: paymentsApi,
    });
    const first = await exchange(config, own.access_token);
    const brokered = await exchange(await server.as("broker", secrets.broker), first.access_token);
    expect((await manage(client, "DELETE")).status).toBe(204);

    const api = await server.as("api", secrets.api);
    for (const { access_token } of [own, first, brokered]) {
      expect(await oauth.tokenIntrospection(api, access_token)).toEqual({ active: false });
    }
    expect(await refusalOf(oauth.clientCredentialsGrant(config))).toMatchObject({ error: "invalid_client" });
    await expect(server.listClientSecrets(client.client_id)).rejects.toMatchObject({
      code: "client.not_found",
    });
  });

  test("a configured client can't be managed", async () => {
    const { registration_access_token } = await register();
    const { status } = await manage(
      {
        client_id: "agent",
        client_secret: "",
        registration_access_token,
        registration_client_uri: `${server.issuer}/reg/agent`,
      },
      "GET",
    );
    expect(status).toBe(401);
  });
});
