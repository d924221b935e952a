import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectionError } from "@countersign/client/errors";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exitCodes } from "../output/exit-codes.ts";
import { type Received, serve, type TestAnswer, type TestServer } from "../testing/serve.ts";
import { requestToken, type TokenRequest } from "./request-token.ts";

const secret = "a secret: +/%";
const now = 1_000_000;
let folder: string;
let server: TestServer | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-secret-"));
  writeFileSync(join(folder, "secret"), secret);
});
afterEach(() => {
  server?.close();
  rmSync(folder, { recursive: true });
});

interface Provider {
  readonly token?: TestAnswer;
  readonly metadata?: (url: string) => TestAnswer;
  readonly metadataPath?: string;
}

const granted = { body: { access_token: "granted", token_type: "Bearer", expires_in: 60 } };

/** Starts an identity provider and asks it for a token of the client `pay:app`. */
async function ask({ token = granted, metadata, metadataPath }: Provider = {}, scopes = ["payout:start"]) {
  const path = metadataPath ?? "/.well-known/oauth-authorization-server";
  server = await serve(({ url }, issuer) => {
    if (url.pathname === "/token") return token;
    if (url.pathname !== path) return { status: 404 };
    return metadata?.(issuer) ?? { body: { issuer, token_endpoint: `${issuer}/token` } };
  });
  return requestToken(request(server.url, scopes), () => now);
}

function request(issuer: string, scopes = ["payout:start"]): TokenRequest {
  const client = { id: "pay:app", secretFile: join(folder, "secret"), scopes };
  const runtime = { file: "runtime.json", api: issuer, issuer, audience: "https://api", clients: [client] };
  return { runtime, client, scopes, options: "--as" };
}

function tokenRequest(): Received | undefined {
  return server?.received.find(({ url }) => url.pathname === "/token");
}

describe("a token", () => {
  it("is got with the client's secret (RFC 6749 §2.3.1), for the API (RFC 8707)", async () => {
    expect(await ask({}, ["payout:start", "audit:read"])).toEqual({
      value: "granted",
      expiresAt: now + 60_000,
    });
    const { method, headers, body } = tokenRequest() ?? {};
    expect(method).toBe("POST");
    const pair = Buffer.from(String(headers?.["authorization"]).replace("Basic ", ""), "base64").toString();
    expect(pair).toBe("pay%3Aapp:a+secret%3A+%2B%2F%25");
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      grant_type: "client_credentials",
      scope: "payout:start audit:read",
      resource: "https://api",
    });
  });

  it("is got from a provider that has OpenID Connect metadata alone", async () => {
    const token = await ask({ metadataPath: "/.well-known/openid-configuration" });
    expect(token.value).toBe("granted");
  });

  it("has no known end when the provider does not say", async () => {
    const token = await ask({ token: { body: { access_token: "granted", token_type: "bearer" } } });
    expect(token).toEqual({ value: "granted" });
  });
});

describe("no token", () => {
  it("is given to a client that the provider refuses, with the provider's words", async () => {
    const body = { error: "invalid_scope", error_description: "scope is not allowed" };
    await expect(ask({ token: { status: 400, body } })).rejects.toMatchObject({
      message: "the identity provider refused client pay:app a token: invalid_scope: scope is not allowed",
      exitCode: exitCodes.refused,
      fix: "check --as against the clients in runtime.json; asked for was payout:start",
    });
  });

  it("is to be had from a provider in trouble", async () => {
    await expect(ask({ token: { status: 503, body: [] } })).rejects.toMatchObject({
      message: "the identity provider refused client pay:app a token: status 503",
      exitCode: exitCodes.unavailable,
    });
  });

  it("is accepted with fewer scopes than were asked for", async () => {
    const token = { body: { ...granted.body, scope: "audit:read" } };
    await expect(ask({ token }, ["payout:start", "audit:read"])).rejects.toMatchObject({
      message: "the identity provider gave client pay:app a token without the scope payout:start",
      exitCode: exitCodes.refused,
    });
  });

  it("is accepted that is not a bearer token", async () => {
    const token = { body: { ...granted.body, token_type: "DPoP" } };
    await expect(ask({ token })).rejects.toThrow("with no bearer token");
  });

  it.each<[string, (url: string) => TestAnswer]>([
    ["its metadata names another issuer", () => ({ body: { issuer: "https://other.example" } })],
    ["its metadata has no token_endpoint", (issuer) => ({ body: { issuer } })],
    [
      "its token_endpoint is at https://thief.example",
      (issuer) => ({ body: { issuer, token_endpoint: "https://thief.example/token" } }),
    ],
    ["it has no metadata", () => ({ status: 404 })],
    ["it has no metadata", () => ({ status: 302, headers: { location: "https://thief.example" } })],
  ])("is asked for where %s", async (fact, metadata) => {
    await expect(ask({ metadata })).rejects.toMatchObject({
      message: expect.stringContaining(fact),
      exitCode: exitCodes.unavailable,
    });
    expect(tokenRequest()).toBeUndefined();
  });

  it("is to be had where nothing listens", async () => {
    server = await serve(() => ({}));
    server.close();
    await expect(requestToken(request(server.url), () => now)).rejects.toBeInstanceOf(ConnectionError);
  });
});
