import { OAuthResponseError, RefusedError } from "@countersign/core/error/errors";
import type { ExchangeRequest } from "@countersign/core/token/identity-provider";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  startAuthorizationServer,
  type TestAuthorizationServer,
} from "../../test-support/authorization-server.ts";
import { expectNoSecret, rejectionOf } from "../../test-support/error-text.ts";
import { providerAt } from "../../test-support/idp-client.ts";
import { clientId, clientSecret, grantAudience } from "../../test-support/issuer-config.ts";
import { type ScriptedProvider, startScriptedProvider } from "../../test-support/scripted-provider.ts";
import { encode, randomToken } from "../../test-support/token-forge.ts";

let provider: ScriptedProvider;
beforeEach(async () => {
  provider = await startScriptedProvider();
  answer({});
});
afterEach(() => provider.close());

const issued = randomToken();
const jwt = (claims: object) => `${encode({ alg: "RS256" })}.${encode(claims)}.${randomToken()}`;
const ofUser = jwt({ sub: "ada", scp: "payout:start" });
const ofService = jwt({ sub: "svc", oid: "svc", roles: ["payout:start"] });

function answer(changes: object): void {
  provider.answers.set("/token", {
    json: { access_token: issued, token_type: "Bearer", expires_in: 600, ...changes },
  });
}

const request = (changes: Partial<ExchangeRequest> = {}): ExchangeRequest => ({
  subjectToken: ofUser,
  audience: "https://payments.example",
  scopes: ["read", "write"],
  ...changes,
});
const sent = () =>
  Object.fromEntries(provider.requests.find(({ path }) => path === "/token")?.parameters ?? []);

describe("a grant on behalf of a person", () => {
  const entra = () => providerAt(provider.issuer, { overrides: { profile: "entra" } });

  test("is asked for as Entra has it, with scopes under their audience", async () => {
    await entra().exchange(request({ audience: "api://payments" }));
    expect(sent()).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: ofUser,
      requested_token_use: "on_behalf_of",
      scope: "api://payments/read api://payments/write",
    });
  });

  test("without scopes asks for all that was consented to", async () => {
    await entra().exchange(request({ audience: "api://payments", scopes: [] }));
    expect(sent()).toMatchObject({ scope: "api://payments/.default" });
  });

  test("has the scopes of the answer as its token names them", async () => {
    answer({ scope: "api://payments/read api://payments/write https://other.example/read openid" });
    const { scopes } = await entra().exchange(request({ audience: "api://payments" }));
    expect(scopes).toEqual(["read", "write", "https://other.example/read", "openid"]);
  });

  test("is not asked for with a service's token, which nobody is to act for", async () => {
    const error = await rejectionOf(entra().exchange(request({ subjectToken: ofService })));
    expect(error).toBeInstanceOf(OAuthResponseError);
    expect(error).toMatchObject({ code: "provider.exchange_refused", field: "scp" });
    expectNoSecret(error, [ofService, clientSecret]);
    expect(provider.requests).toEqual([]);
  });

  test("is an exchange, in which Countersign is seen to act as the client", () => {
    expect(entra()).toMatchObject({ identityMode: "exchanged", actingShownBy: "client", clientId });
  });
});

describe("a grant of Countersign's own", () => {
  const own = (profile: "rfc9068" | "entra" = "rfc9068") =>
    providerAt(provider.issuer, { overrides: { profile, grants: "client_credentials" } });

  test("is asked for without the caller's token", async () => {
    await own().exchange(request());
    expect(sent()).toEqual({
      grant_type: "client_credentials",
      audience: "https://payments.example",
      resource: "https://payments.example",
      scope: "read write",
    });
  });

  test("of Entra is asked for with all that the client was granted", async () => {
    await own("entra").exchange(request({ audience: "api://payments", subjectToken: ofService }));
    expect(sent()).toEqual({ grant_type: "client_credentials", scope: "api://payments/.default" });
  });

  test("is recorded as such", () => {
    expect(own().identityMode).toBe("client_credentials");
  });

  test.each([
    ["DPoP", { token_type: "DPoP" }],
    ["nothing", { token_type: undefined }],
  ])("of type %s is taken back", async (_what, changes) => {
    answer(changes);
    provider.answers.set("/revoke", {});
    const error = await rejectionOf(own().exchange(request()));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ code: "provider.grant_mismatch" });
    expect(provider.requests.at(-1)).toMatchObject({ path: "/revoke" });
    expectNoSecret(error, [issued, clientSecret]);
  });
});

describe("a grant of Countersign's own at a real server", () => {
  let server: TestAuthorizationServer;
  beforeAll(async () => {
    server = await startAuthorizationServer();
  });
  afterAll(() => server.close());

  test("is its client's, for the audience and the scopes asked for, until it is revoked", async () => {
    const client = providerAt(server.issuer, { overrides: { grants: "client_credentials" } });
    const scopes = ["payments:write"];
    const { value, ...stated } = await client.exchange(
      request({ audience: grantAudience, scopes, subjectToken: server.personToken("ada", "payout:start") }),
    );
    expect(stated.scopes).toEqual(scopes);
    expect(await client.introspect(value)).toMatchObject({
      active: true,
      evidence: "introspection",
      clientId,
      scopes,
      audiences: [grantAudience],
      actors: [],
    });
    expect(await client.revoke(value)).toBe("accepted");
    expect(await client.introspect(value)).toEqual({ active: false });
  });
});

test("an issuer without grants has nothing asked of it", async () => {
  const client = providerAt(provider.issuer, {
    overrides: { profile: "cognito", audience: undefined, clients: ["app"] },
  });
  expect(client.identityMode).toBe("inbound_only");
  await expect(client.exchange(request())).rejects.toThrow(/inbound_only/);
  expect(provider.requests).toEqual([]);
});
