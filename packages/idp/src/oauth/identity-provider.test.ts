import { OAuthResponseError, RefusedError } from "@countersign/core/error/errors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  lifetimes,
  startAuthorizationServer,
  type TestAuthorizationServer,
} from "../../test-support/authorization-server.ts";
import { expectNoSecret, rejectionOf } from "../../test-support/error-text.ts";
import { providerAt } from "../../test-support/idp-client.ts";
import { clientId, clientSecret, grantAudience, issuerConfig } from "../../test-support/issuer-config.ts";
import { randomToken } from "../../test-support/token-forge.ts";
import { createIdentityProviders, type OAuthIdentityProvider } from "./identity-provider.ts";

describe.each(["client_secret_basic", "client_secret_post"] as const)("a real server, %s", (method) => {
  let server: TestAuthorizationServer;
  let provider: OAuthIdentityProvider;
  beforeAll(async () => {
    server = await startAuthorizationServer({ authMethod: method });
    provider = providerAt(server.issuer, { method });
  });
  afterAll(() => server.close());

  const exchange = (subjectToken: string, scopes: string[], audience = grantAudience) =>
    provider.exchange({ subjectToken, scopes, audience });

  test("exchanges a person's token for one that says for whom, for how long and with which scopes", async () => {
    const before = Date.now();
    const issued = await exchange(server.personToken("alice", "payout:start payments:write"), [
      "payments:write",
    ]);
    expect(issued).toEqual({
      value: expect.stringMatching(/^[\w-]{20,}$/),
      scopes: ["payments:write"],
      expiresAt: expect.any(Number),
    });
    expect(provider.identityMode).toBe("exchanged");
    expect(issued.expiresAt).toBeGreaterThanOrEqual(before + lifetimes.grant * 1000);
    expect(issued.expiresAt).toBeLessThanOrEqual(Date.now() + lifetimes.grant * 1000);
  });

  test("an exchanged token introspects as its subject's, acted on by this client", async () => {
    const { value } = await exchange(server.personToken("alice", "payout:start"), ["payout:start"]);
    expect(await provider.introspect(value)).toEqual({
      active: true,
      evidence: "introspection",
      subject: { iss: server.issuer, sub: "alice" },
      clientId,
      scopes: ["payout:start"],
      audiences: [grantAudience],
      actors: [{ sub: clientId }],
      expiresAt: expect.any(Number),
    });
  });

  test("whoever acted before stays in the chain, behind this client", async () => {
    const { value } = await exchange(server.personToken("alice", "payout:start", { sub: "agent" }), []);
    expect(await provider.introspect(value)).toMatchObject({ actors: [{ sub: clientId }, { sub: "agent" }] });
  });

  test("a client's own token is exchanged as well, its subject being the client", async () => {
    const { value } = await exchange(await server.clientCredentialsToken("payout:start"), ["payout:start"]);
    expect(await provider.introspect(value)).toMatchObject({
      subject: { sub: "web" },
      actors: [{ sub: clientId }],
    });
  });

  test("without scopes asked for, the issued token has those the provider names", async () => {
    const issued = await exchange(server.personToken("alice", "payout:start payout:status"), []);
    expect(issued.scopes).toEqual(["payout:start", "payout:status"]);
  });

  test("a revoked token is inactive, and revoking it again is accepted", async () => {
    const { value } = await exchange(server.personToken("alice", "payout:start"), ["payout:start"]);
    expect(await provider.revoke(value)).toBe("accepted");
    expect(await provider.introspect(value)).toEqual({ active: false });
    expect(await provider.revoke(value)).toBe("accepted");
  });

  test("revoking one token leaves another of the same subject token active", async () => {
    const subjectToken = server.personToken("alice", "payout:start");
    const [one, other] = [await exchange(subjectToken, []), await exchange(subjectToken, [])];
    await provider.revoke(one.value);
    expect(await provider.introspect(other.value)).toMatchObject({ active: true });
  });

  test("a token nobody issued is inactive, and revoking it is accepted", async () => {
    expect(await provider.introspect(randomToken())).toEqual({ active: false });
    expect(await provider.revoke(randomToken())).toBe("accepted");
  });

  test.each([
    ["a scope the subject token lacks", "payout:start", ["payments:write"], grantAudience, "invalid_scope"],
    ["an audience the server does not know", "payout:start", [], "https://nowhere.example", "invalid_target"],
  ])("an exchange for %s is refused", async (_what, held, scopes, audience, oauthError) => {
    const subjectToken = server.personToken("alice", held);
    const error = await rejectionOf(exchange(subjectToken, scopes, audience));
    expect(error).toBeInstanceOf(OAuthResponseError);
    expect(error).toMatchObject({
      code: "provider.exchange_refused",
      oauthError,
      definition: { retryable: false },
    });
    expectNoSecret(error, [subjectToken, clientSecret]);
  });

  test("an exchange of a token the server did not sign is refused", async () => {
    const subjectToken = `${server.personToken("alice", "payout:start").slice(0, -8)}AAAAAAAA`;
    const error = await rejectionOf(exchange(subjectToken, []));
    expect(error).toMatchObject({ code: "provider.exchange_refused", oauthError: "invalid_grant" });
    expectNoSecret(error, [subjectToken, clientSecret]);
  });

  test("a wrong client secret is the provider refusing the client, whatever was asked", async () => {
    const secret = randomToken();
    const stranger = providerAt(server.issuer, { secret: async () => secret, method });
    const subjectToken = server.personToken("alice", "payout:start");
    for (const ask of [
      () => stranger.exchange({ subjectToken, audience: grantAudience, scopes: [] }),
      () => stranger.introspect(subjectToken),
      () => stranger.revoke(subjectToken),
    ]) {
      const error = await rejectionOf(ask());
      expect(error).toBeInstanceOf(OAuthResponseError);
      expect(error).toMatchObject({ code: "provider.client_refused", oauthError: "invalid_client" });
      expectNoSecret(error, [subjectToken, secret]);
    }
  });

  test("a JWT is not revoked there, and that is said", async () => {
    expect(await provider.revoke(server.personToken("alice", "payout:start"))).toBe("unsupported");
  });

  test("a JWT's introspection response is refused there, and the provider's word for it is kept", async () => {
    const token = server.personToken("alice", "payout:start");
    const error = await rejectionOf(provider.introspectionResponse(token));
    expect(error).toMatchObject({ name: "OAuthResponseError", oauthError: "unsupported_token_type" });
    expectNoSecret(error, [token, clientSecret]);
  });

  test("its keys are where its metadata says", async () => {
    expect((await provider.jwksUri()).href).toBe(`${server.issuer}/jwks`);
  });
});

test("an issuer that is not configured is refused without a request", () => {
  const providers = createIdentityProviders({
    issuers: [issuerConfig("https://id.example")],
    clientSecret: async () => clientSecret,
    clock: { now: Date.now },
  });
  expect(() => providers.of("https://id.example/")).toThrow(RefusedError);
  expect(() => providers.of("https://id.example/")).toThrow(
    expect.objectContaining({ code: "token.issuer_unknown" }),
  );
});
