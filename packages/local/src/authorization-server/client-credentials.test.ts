import * as oauth from "openid-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  gateApi,
  paymentsApi,
  readClaims,
  readHeader,
  refusalOf,
  secrets,
  startTestServer,
  type TestServer,
} from "./testing/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe("client credentials", () => {
  test("a token without resource is a JWT of RFC 9068 for the default resource", async () => {
    const agent = await server.as("agent", secrets.agent);
    const { access_token, expires_in } = await oauth.clientCredentialsGrant(agent, { scope: "payout:start" });
    expect(readHeader(access_token)).toEqual({ alg: "ES256", typ: "at+jwt", kid: expect.any(String) });
    const { iat, exp, ...claims } = readClaims(access_token);
    expect(claims).toEqual({
      iss: server.issuer,
      sub: "agent",
      client_id: "agent",
      aud: gateApi,
      scope: "payout:start",
      jti: expect.any(String),
    });
    expect(Number(exp) - Number(iat)).toBe(600);
    expect(expires_in).toBe(600);
  });

  test("a token for a resource with opaque tokens is opaque and has that resource's lifetime", async () => {
    const agent = await server.as("agent", secrets.agent);
    const asked = { scope: "payments:write", resource: paymentsApi };
    const { access_token, expires_in } = await oauth.clientCredentialsGrant(agent, asked);
    expect(access_token).toMatch(/^[\w-]{43}$/);
    expect(expires_in).toBe(900);
    const state = await oauth.tokenIntrospection(agent, access_token);
    expect(state).toMatchObject({ active: true, sub: "agent", client_id: "agent", aud: paymentsApi });
  });

  test("an unknown resource is refused", async () => {
    const agent = await server.as("agent", secrets.agent);
    const asked = oauth.clientCredentialsGrant(agent, { resource: "https://elsewhere.example" });
    expect(await refusalOf(asked)).toEqual({ error: "invalid_target", status: 400 });
  });

  test("a scope beyond the client's registration is refused", async () => {
    const agent = await server.as("agent", secrets.agent);
    const asked = oauth.clientCredentialsGrant(agent, { scope: "payments:read", resource: paymentsApi });
    expect(await refusalOf(asked)).toEqual({ error: "invalid_scope", status: 400 });
  });

  test("a wrong secret is refused", async () => {
    const impostor = await server.as("agent", "agent-secret-guessed");
    const asked = oauth.clientCredentialsGrant(impostor);
    expect(await refusalOf(asked)).toEqual({ error: "invalid_client", status: 401 });
  });

  test("a client can authenticate by its private key, each assertion once", async () => {
    const { privateKey, publicKey } = await crypto.subtle.generateKey(
      { name: "ECDSA", namedCurve: "P-256" },
      true,
      ["sign", "verify"],
    );
    const jwk = { ...(await crypto.subtle.exportKey("jwk", publicKey)), kid: "1" };
    const signer = {
      client_id: "signer",
      grant_types: ["client_credentials"],
      token_endpoint_auth_method: "private_key_jwt" as const,
      jwks: { keys: [jwk] },
    };
    const keyed = await startTestServer({ clients: [signer] });
    try {
      const bodies: string[] = [];
      const config = await oauth.discovery(
        new URL(keyed.issuer),
        "signer",
        undefined,
        oauth.PrivateKeyJwt({ key: privateKey, kid: "1" }),
        { execute: [oauth.allowInsecureRequests] },
      );
      config[oauth.customFetch] = (url, init) => {
        bodies.push(String(init.body));
        return fetch(url, init as RequestInit);
      };
      expect(await oauth.clientCredentialsGrant(config)).toHaveProperty("access_token");
      const replayed = await fetch(`${keyed.issuer}/token`, {
        method: "POST",
        body: new URLSearchParams(bodies[0]),
      });
      expect(replayed.status).toBe(401);
    } finally {
      await keyed.stop();
    }
  });

  test("a DPoP proof binds the token to its key", async () => {
    const agent = await server.as("agent", secrets.agent);
    const handle = oauth.getDPoPHandle(agent, await oauth.randomDPoPKeyPair("ES256"));
    const tokens = await oauth.clientCredentialsGrant(agent, { scope: "payout:start" }, { DPoP: handle });
    expect(tokens.token_type).toBe("dpop");
    expect(readClaims(tokens.access_token)["cnf"]).toEqual({ jkt: expect.any(String) });
  });
});

describe("metadata", () => {
  test("RFC 8414 and OpenID discovery give the same document", async () => {
    const paths = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
    const [oauthMetadata, openidMetadata] = await Promise.all(
      paths.map(async (path) => (await fetch(`${server.issuer}${path}`)).json()),
    );
    expect(oauthMetadata).toEqual(openidMetadata);
    expect(oauthMetadata).toMatchObject({
      issuer: server.issuer,
      token_endpoint: `${server.issuer}/token`,
      code_challenge_methods_supported: ["S256"],
      token_endpoint_auth_methods_supported: expect.not.arrayContaining(["client_secret_jwt"]),
      grant_types_supported: expect.arrayContaining(["urn:ietf:params:oauth:grant-type:token-exchange"]),
    });
  });

  test("the published keys hold no private part", async () => {
    const { keys } = (await (await fetch(`${server.issuer}/jwks`)).json()) as { keys: object[] };
    expect(keys).toHaveLength(1);
    expect(keys[0]).not.toHaveProperty("d");
  });

  test("without an initial access token there is no registration", async () => {
    const response = await fetch(`${server.issuer}/reg`, { method: "POST" });
    expect(response.status).toBe(404);
  });
});

describe("an issuer with a path", () => {
  test("has its metadata where RFC 8414 and OpenID each put it, and serves below the path alone", async () => {
    const nested = await startTestServer({ issuerPath: "/idp" });
    try {
      const origin = new URL(nested.issuer).origin;
      const paths = ["/.well-known/oauth-authorization-server/idp", "/idp/.well-known/openid-configuration"];
      for (const path of paths) {
        const metadata = await (await fetch(`${origin}${path}`)).json();
        expect(metadata).toMatchObject({ issuer: nested.issuer, token_endpoint: `${nested.issuer}/token` });
      }
      const agent = await nested.as("agent", secrets.agent);
      expect(await oauth.clientCredentialsGrant(agent)).toHaveProperty("access_token");
      expect((await fetch(`${origin}/token`, { method: "POST" })).status).toBe(404);
    } finally {
      await nested.stop();
    }
  });
});
