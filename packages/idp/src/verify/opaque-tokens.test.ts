import { RefusedError } from "@countersign/core/error/errors";
import type { TokenVerifier } from "@countersign/core/token/verified-token";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  startAuthorizationServer,
  type TestAuthorizationServer,
} from "../../test-support/authorization-server.ts";
import { expectNoSecret, rejectionOf } from "../../test-support/error-text.ts";
import { providerAt } from "../../test-support/idp-client.ts";
import { clientSecret, gateAudience, grantAudience } from "../../test-support/issuer-config.ts";
import {
  type Answer,
  type ScriptedProvider,
  startScriptedProvider,
} from "../../test-support/scripted-provider.ts";
import { generateKey, randomToken } from "../../test-support/token-forge.ts";
import { accessToken, verifierFor } from "../../test-support/verifier.ts";

const overrides = { opaqueTokens: true };

describe("opaque tokens of a real server", () => {
  let server: TestAuthorizationServer;
  let verifier: TokenVerifier;
  beforeAll(async () => {
    server = await startAuthorizationServer({ gateTokens: "opaque" });
    verifier = verifierFor(server.issuer, { overrides });
  });
  afterAll(() => server.close());

  test("are verified by what it says of them", async () => {
    const token = await server.clientCredentialsToken("payout:start");
    expect(token.split(".")).toHaveLength(1);
    expect(await verifier.verify(token)).toMatchObject({
      subject: { iss: server.issuer, sub: "web" },
      clientId: "web",
      scopes: ["payout:start"],
      audience: gateAudience,
    });
  });

  test("for another audience are refused, as a grant token at the gate's own door is", async () => {
    const subjectToken = server.personToken("alice", "payout:start");
    const exchange = { subjectToken, audience: grantAudience, scopes: [] };
    const { value } = await providerAt(server.issuer).exchange(exchange);
    const error = await rejectionOf(verifier.verify(value));
    expect(error).toMatchObject({ name: "RefusedError", code: "token.audience_mismatch", field: "aud" });
    expectNoSecret(error, [value]);
  });

  test("that nobody issued, or that were revoked, are inactive", async () => {
    const subjectToken = server.personToken("alice", "payout:start");
    const provider = providerAt(server.issuer);
    const { value } = await provider.exchange({ subjectToken, audience: grantAudience, scopes: [] });
    await provider.revoke(value);
    for (const token of [value, randomToken()]) {
      const error = await rejectionOf(verifier.verify(token));
      expect(error).toMatchObject({ name: "RefusedError", code: "token.inactive" });
      expectNoSecret(error, [token]);
    }
  });

  test("are refused where the issuer is not configured to be asked about them", async () => {
    const token = await server.clientCredentialsToken("payout:start");
    const error = await rejectionOf(verifierFor(server.issuer).verify(token));
    expect(error).toMatchObject({ name: "RefusedError", code: "token.malformed" });
    expectNoSecret(error, [token]);
  });
});

describe("what introspection answers", () => {
  const token = randomToken();
  const now = Math.floor(Date.now() / 1000);
  let provider: ScriptedProvider;
  let verifier: TokenVerifier;
  beforeEach(async () => {
    provider = await startScriptedProvider();
    verifier = verifierFor(provider.issuer, { overrides, now: () => now * 1000, timeoutSeconds: 1 });
  });
  afterEach(() => provider.close());

  const answer = (changes: object) => {
    const sound = {
      active: true,
      iss: provider.issuer,
      sub: "alice",
      client_id: "web",
      aud: gateAudience,
      scope: "payout:start",
      token_type: "Bearer",
      iat: now,
      exp: now + 600,
    };
    provider.answers.set("/introspect", { json: { ...sound, ...changes } });
  };

  test.each<[string, object]>([
    ["as it should", {}],
    ["without iss, having been asked itself", { iss: undefined }],
    ["with the token type in small letters", { token_type: "bearer" }],
    ["with the audience in a list of one", { aud: [gateAudience] }],
  ])("%s is verified", async (_what, changes) => {
    answer(changes);
    expect(await verifier.verify(token)).toMatchObject({ subject: { iss: provider.issuer, sub: "alice" } });
  });

  test.each<[string, object, string]>([
    ["inactive", { active: false }, "token.inactive"],
    ["another issuer", { iss: "https://other.example" }, "token.issuer_unknown"],
    ["another audience", { aud: grantAudience }, "token.audience_mismatch"],
    ["an audience beside the gate's", { aud: [gateAudience, grantAudience] }, "token.audience_mismatch"],
    ["no audience", { aud: undefined }, "token.audience_mismatch"],
    ["no client", { client_id: undefined }, "token.claim_invalid"],
    ["no subject", { sub: undefined }, "token.claim_invalid"],
    ["no token type, as for a refresh token", { token_type: undefined }, "token.type_mismatch"],
    ["token type N_A", { token_type: "N_A" }, "token.type_mismatch"],
    ["token type DPoP", { token_type: "DPoP" }, "token.sender_constrained"],
    ["cnf", { cnf: { jkt: "k" } }, "token.sender_constrained"],
    ["active and past", { iat: now - 700, exp: now - 100 }, "token.expired"],
    ["no exp", { exp: undefined }, "token.claim_invalid"],
    ["no iat", { iat: undefined }, "token.claim_invalid"],
  ])("%s is refused", async (_what, changes, code) => {
    answer({ ...changes, echo: token });
    const error = await rejectionOf(verifier.verify(token));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ code });
    expectNoSecret(error, [token, clientSecret]);
  });

  test("that it does not know such tokens is the token's fault", async () => {
    provider.answers.set("/introspect", { status: 400, json: { error: "unsupported_token_type" } });
    const error = await rejectionOf(verifier.verify(token));
    expect(error).toMatchObject({ name: "RefusedError", code: "token.inactive" });
  });

  test.each<[string, Answer, string]>([
    [
      "that it does not know this client",
      { status: 401, json: { error: "invalid_client" } },
      "provider.client_refused",
    ],
    [
      "that this client may not ask",
      { status: 403, json: { error: "access_denied" } },
      "provider.client_refused",
    ],
    ["500", { status: 500, text: token }, "provider.unavailable"],
    ["429", { status: 429 }, "provider.unavailable"],
    ["a redirect", { status: 302, headers: { location: "/elsewhere" } }, "provider.unavailable"],
    ["a page", { text: token }, "provider.unavailable"],
    ["active that is text", { json: { active: "true", token } }, "provider.unavailable"],
    ["nothing", "hang", "provider.unavailable"],
  ])("%s is no fault of the token", async (_what, given, code) => {
    provider.answers.set("/introspect", given);
    const error = await rejectionOf(verifier.verify(token));
    expect(error).toMatchObject({ name: "UnavailableError", code });
    expectNoSecret(error, [token, clientSecret]);
  });

  test("is not asked for of a JWT, whoever signed it", async () => {
    answer({});
    provider.answers.set("/jwks", { json: { keys: [] } });
    const error = await rejectionOf(verifier.verify(accessToken(generateKey("ES256"), provider.issuer)));
    expect(error).toMatchObject({ code: "token.signature_invalid" });
    expect(provider.count("/introspect")).toBe(0);
  });

  test("is asked for of a token with dots that is no JWT", async () => {
    answer({});
    expect(await verifier.verify(`${randomToken()}.${randomToken()}`)).toMatchObject({ clientId: "web" });
  });
});
