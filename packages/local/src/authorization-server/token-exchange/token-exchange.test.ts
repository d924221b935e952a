import * as oauth from "openid-client";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { signInAsAlice } from "../testing/person.ts";
import {
  accessTokenType,
  exchange,
  gateApi,
  paymentsApi,
  readClaims,
  refusalOf,
  secrets,
  startTestServer,
  type TestServer,
} from "../testing/test-server.ts";

let server: TestServer;
const configs: Record<string, oauth.Configuration> = {};
beforeAll(async () => {
  server = await startTestServer();
  for (const [clientId, secret] of Object.entries(secrets))
    configs[clientId] = await server.as(clientId, secret);
});
afterAll(() => server.stop());
afterEach(() => {
  vi.useRealTimers();
});

function as(clientId: keyof typeof secrets): oauth.Configuration {
  const config = configs[clientId];
  if (!config) throw new Error(`no client ${clientId}`);
  return config;
}

const agentScope = "payout:start payments:write";
/** A JWT for the gate, lives 600 seconds. */
const agentJwt = async () =>
  (await oauth.clientCredentialsGrant(as("agent"), { scope: agentScope })).access_token;
/** An opaque token for payments, lives 900 seconds. */
const agentOpaque = async () =>
  (await oauth.clientCredentialsGrant(as("agent"), { scope: agentScope, resource: paymentsApi }))
    .access_token;

const introspect = (token: string) => oauth.tokenIntrospection(as("api"), token);
const isActive = async (token: string) => (await introspect(token)).active;
const passSeconds = (seconds: number) =>
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + seconds * 1000 });

describe("what an exchanged token says", () => {
  test("the subject stays, the client is the one that exchanged, and is the actor", async () => {
    const response = await exchange(as("gate"), await agentJwt(), { audience: paymentsApi });
    expect(response).toMatchObject({
      issued_token_type: accessTokenType,
      token_type: "bearer",
      scope: agentScope,
    });
    expect(await introspect(response.access_token)).toMatchObject({
      active: true,
      sub: "agent",
      client_id: "gate",
      aud: paymentsApi,
      scope: agentScope,
      act: { sub: "gate" },
    });
  });

  test("a person's token keeps the person and their claims", async () => {
    const { tokens } = await signInAsAlice(as("console"), { scope: "openid payout:start" });
    const { access_token } = await exchange(as("gate"), tokens.access_token, { resource: gateApi });
    expect(readClaims(access_token)).toMatchObject({
      sub: "alice",
      client_id: "gate",
      groups: ["ops"],
      act: { sub: "gate" },
    });
  });

  test("a JWT can be got for an opaque subject token, and says the same", async () => {
    const { access_token } = await exchange(as("gate"), await agentOpaque(), { resource: gateApi });
    expect(readClaims(access_token)).toMatchObject({
      iss: server.issuer,
      sub: "agent",
      aud: gateApi,
      act: { sub: "gate" },
    });
  });

  test("a second exchange puts the earlier actor inside the new one", async () => {
    const first = await exchange(as("gate"), await agentJwt(), { audience: paymentsApi });
    const second = await exchange(as("broker"), first.access_token, { scope: "payments:write" });
    expect(await introspect(second.access_token)).toMatchObject({
      sub: "agent",
      client_id: "broker",
      scope: "payments:write",
      act: { sub: "broker", act: { sub: "gate" } },
    });
  });

  test("an actor token names the actor", async () => {
    const { tokens } = await signInAsAlice(as("console"), { scope: "payout:start" });
    const actor = { actor_token: await agentJwt(), actor_token_type: accessTokenType };
    const { access_token } = await exchange(as("gate"), tokens.access_token, {
      ...actor,
      resource: paymentsApi,
    });
    expect(await introspect(access_token)).toMatchObject({ sub: "alice", act: { sub: "agent" } });
  });

  test("without a target the audience stays", async () => {
    const { access_token } = await exchange(as("gate"), await agentOpaque());
    expect(await introspect(access_token)).toMatchObject({ aud: paymentsApi });
  });

  test("a DPoP proof binds it", async () => {
    const handle = oauth.getDPoPHandle(as("gate"), await oauth.randomDPoPKeyPair("ES256"));
    const token = await exchange(as("gate"), await agentJwt(), { audience: paymentsApi }, { DPoP: handle });
    expect(token.token_type).toBe("dpop");
    expect(await introspect(token.access_token)).toMatchObject({ cnf: { jkt: expect.any(String) } });
  });
});

describe("what is refused", () => {
  const refused = async (subject: string, parameters: Record<string, string>, client = as("gate")) =>
    (await refusalOf(exchange(client, subject, parameters))).error;

  test("a scope the subject token lacks, or the resource does not know", async () => {
    const subject = await agentJwt();
    expect(await refused(subject, { scope: "payout:admin" })).toBe("invalid_scope");
    expect(await refused(subject, { scope: "payments:read", audience: paymentsApi })).toBe("invalid_scope");
    const admin = await oauth.clientCredentialsGrant(as("agent"), { scope: "payout:admin" });
    expect(await refused(admin.access_token, { audience: paymentsApi })).toBe("invalid_scope");
  });

  test("a scope wider than that of a token already narrowed", async () => {
    const narrow = await exchange(as("gate"), await agentJwt(), {
      audience: paymentsApi,
      scope: "payments:write",
    });
    expect(await refused(narrow.access_token, { scope: "payout:start" })).toBe("invalid_scope");
  });

  test("an unknown target, or two that differ", async () => {
    const subject = await agentJwt();
    expect(await refused(subject, { audience: "https://elsewhere.example" })).toBe("invalid_target");
    expect(await refused(subject, { audience: gateApi, resource: paymentsApi })).toBe("invalid_target");
  });

  test("a token of another issuer", async () => {
    const other = await startTestServer();
    try {
      const foreign = await oauth.clientCredentialsGrant(await other.as("agent", secrets.agent));
      expect(await refused(foreign.access_token, {})).toBe("invalid_request");
    } finally {
      await other.stop();
    }
  });

  test("a JWT whose claims were changed, or that has no signature", async () => {
    const [header = "", , signature = ""] = (await agentJwt()).split(".");
    const claims = { ...readClaims(await agentJwt()), sub: "alice" };
    const forged = Buffer.from(JSON.stringify(claims)).toString("base64url");
    const none = Buffer.from(JSON.stringify({ alg: "none", typ: "at+jwt" })).toString("base64url");
    expect(await refused(`${header}.${forged}.${signature}`, {})).toBe("invalid_request");
    expect(await refused(`${none}.${forged}.`, {})).toBe("invalid_request");
  });

  test("an ID token and a refresh token", async () => {
    const request = { scope: "openid offline_access payout:start", prompt: "consent" };
    const { tokens } = await signInAsAlice(as("console"), request);
    expect(await refused(tokens.id_token ?? "", {})).toBe("invalid_request");
    expect(await refused(tokens.refresh_token ?? "", {})).toBe("invalid_request");
  });

  test("an expired token, JWT or opaque", async () => {
    const [jwt, opaque] = [await agentJwt(), await agentOpaque()];
    passSeconds(901);
    expect(await refused(jwt, {})).toBe("invalid_request");
    expect(await refused(opaque, {})).toBe("invalid_request");
  });

  test("a revoked token, and a JWT whose grant was revoked", async () => {
    const opaque = await agentOpaque();
    await oauth.tokenRevocation(as("agent"), opaque);
    expect(await refused(opaque, {})).toBe("invalid_request");

    const first = await exchange(as("gate"), await agentJwt(), { audience: paymentsApi });
    const jwt = await exchange(as("gate"), first.access_token, { audience: gateApi });
    await oauth.tokenRevocation(as("gate"), first.access_token);
    expect(await refused(jwt.access_token, {})).toBe("invalid_request");
  });

  test("another token type, asked for or presented", async () => {
    const subject = await agentJwt();
    const saml = "urn:ietf:params:oauth:token-type:saml2";
    expect(await refused(subject, { requested_token_type: saml })).toBe("invalid_request");
    expect(await refused(subject, { subject_token_type: saml })).toBe("invalid_request");
    expect(await refused(subject, { actor_token_type: accessTokenType })).toBe("invalid_request");
  });

  test("a client without the grant type", async () => {
    expect(await refused(await agentJwt(), {}, as("agent"))).toBe("invalid_request");
  });

  test("a refresh token for a client without that grant type", async () => {
    const asked = { audience: paymentsApi, scope: "payments:write offline_access" };
    expect(await refused(await agentJwt(), asked, as("broker"))).toBe("invalid_scope");
  });

  test("a token bound to a DPoP key, from a public client without proof of that key", async () => {
    const keyPair = await oauth.randomDPoPKeyPair("ES256");
    const handle = oauth.getDPoPHandle(as("agent"), keyPair);
    const bound = await oauth.clientCredentialsGrant(as("agent"), { scope: agentScope }, { DPoP: handle });
    const mobile = await server.as("mobile");
    expect(await refused(bound.access_token, {}, mobile)).toBe("invalid_request");
    const proof = { DPoP: oauth.getDPoPHandle(mobile, keyPair) };
    expect(await exchange(mobile, bound.access_token, {}, proof)).toMatchObject({ token_type: "dpop" });
    expect(await exchange(as("gate"), bound.access_token)).toMatchObject({ token_type: "bearer" });
  });

  test("a seventeenth actor", async () => {
    let token = await agentOpaque();
    for (let count = 0; count < 16; count += 1) token = (await exchange(as("gate"), token)).access_token;
    expect(await refused(token, {})).toBe("invalid_request");
  });
});

describe("how long an exchanged token lives", () => {
  test("never longer than the subject token", async () => {
    const subject = await agentJwt();
    const { access_token } = await exchange(as("gate"), subject, { audience: paymentsApi });
    expect((await introspect(access_token)).exp).toBe(readClaims(subject)["exp"]);
  });

  test("as long as the resource allows, for a client registered to outlive it", async () => {
    const subject = await agentJwt();
    const { access_token } = await exchange(as("keeper"), subject, { audience: paymentsApi });
    const { iat = 0, exp = 0 } = await introspect(access_token);
    expect(exp - iat).toBe(900);
    passSeconds(700);
    expect(await isActive(access_token)).toBe(true);
  });

  test("its refresh token ends with the subject token too", async () => {
    const subject = await agentJwt();
    const asked = { audience: paymentsApi, scope: "payments:write offline_access" };
    const first = await exchange(as("gate"), subject, asked);
    const renewed = await oauth.refreshTokenGrant(as("gate"), first.refresh_token ?? "");
    expect(Number((await introspect(renewed.access_token)).exp)).toBeLessThanOrEqual(
      Number(readClaims(subject)["exp"]),
    );
    passSeconds(601);
    const late = oauth.refreshTokenGrant(as("gate"), renewed.refresh_token ?? "");
    expect(await refusalOf(late)).toMatchObject({ error: "invalid_grant" });
  });

  test("a client registered to outlive it renews on, and the actors stay", async () => {
    const asked = { audience: paymentsApi, scope: "payments:write offline_access" };
    const first = await exchange(as("keeper"), await agentJwt(), asked);
    passSeconds(3600);
    const renewed = await oauth.refreshTokenGrant(as("keeper"), first.refresh_token ?? "");
    expect(await introspect(renewed.access_token)).toMatchObject({
      active: true,
      sub: "agent",
      scope: "payments:write",
      act: { sub: "keeper" },
    });
  });
});

describe("one revocation", () => {
  test("ends the tokens exchanged from the exchanged token, by whichever client", async () => {
    const grant = await exchange(as("gate"), await agentJwt(), { audience: paymentsApi });
    const own = await exchange(as("gate"), grant.access_token);
    const brokered = await exchange(as("broker"), grant.access_token);
    const further = await exchange(as("broker"), brokered.access_token);
    const all = [grant, own, brokered, further].map(({ access_token }) => access_token);
    expect(await Promise.all(all.map(isActive))).toEqual([true, true, true, true]);
    await oauth.tokenRevocation(as("gate"), grant.access_token);
    expect(await Promise.all(all.map(isActive))).toEqual([false, false, false, false]);
  });

  test("of a later token ends the earlier ones", async () => {
    const grant = await exchange(as("gate"), await agentJwt(), { audience: paymentsApi });
    const step = await exchange(as("gate"), grant.access_token);
    await oauth.tokenRevocation(as("gate"), step.access_token);
    expect(await isActive(grant.access_token)).toBe(false);
  });

  test("of the refresh token ends the access token", async () => {
    const asked = { audience: paymentsApi, scope: "payments:write offline_access" };
    const { access_token, refresh_token = "" } = await exchange(as("gate"), await agentJwt(), asked);
    await oauth.tokenRevocation(as("gate"), refresh_token);
    expect(await isActive(access_token)).toBe(false);
  });

  test("does not touch another exchange of the same subject token", async () => {
    const subject = await agentJwt();
    const first = await exchange(as("gate"), subject, { audience: paymentsApi });
    const second = await exchange(as("gate"), subject, { audience: paymentsApi });
    await oauth.tokenRevocation(as("gate"), first.access_token);
    expect(await isActive(second.access_token)).toBe(true);
  });

  test("leaves no token to an exchange that was under way", async () => {
    const grant = await exchange(as("gate"), await agentJwt(), { audience: paymentsApi });
    const racing = Array.from({ length: 8 }, () => exchange(as("gate"), grant.access_token));
    const revoking = oauth.tokenRevocation(as("gate"), grant.access_token);
    const outcomes = await Promise.allSettled(racing);
    await revoking;
    const issued = outcomes.flatMap((outcome) =>
      outcome.status === "fulfilled" ? [outcome.value.access_token] : [],
    );
    for (const token of issued) expect(await isActive(token)).toBe(false);
  });
});
