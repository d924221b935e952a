import { describe, expect, test } from "vitest";
import { configInput, issuer } from "../../test-support/fixtures.ts";
import { InvalidInputError } from "../error/errors.ts";
import { parseConfig } from "./config.ts";

const [firstIssuer] = configInput().issuers;
const withIssuer = (change: object) => ({ ...configInput(), issuers: [{ ...firstIssuer, ...change }] });
const cognito = { profile: "cognito", audience: undefined, grantAudience: undefined, clients: ["app"] };
const withPayout = (change: object) => configInput(change as Parameters<typeof configInput>[0]);

function faultsOf(input: unknown): InvalidInputError {
  try {
    parseConfig(input);
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
  throw new Error("the configuration was accepted");
}

describe("a configuration", () => {
  test("gets its defaults", () => {
    const config = parseConfig(configInput());
    expect(config.issuers[0]).toMatchObject({
      algorithms: ["ES256", "RS256", "PS256"],
      opaqueTokens: false,
      client: { method: "client_secret_basic" },
      clockSkew: 60,
      maxTokenLifetime: 86_400,
      claims: { record: [], personal: [] },
    });
    expect(config.workflows["payout"]).toEqual({
      stateMachine: "payout",
      start: { scopes: ["payout:start"] },
      roles: {},
      limits: {},
      agents: { allow: false, scopes: [], maxDelegation: 1 },
      revoke: { on: ["FAILED", "TIMED_OUT", "ABORTED"] },
      operate: { status: { scopes: [], own: true }, stop: { scopes: [], own: true } },
    });
    expect(config.audit).toEqual({ scopes: ["audit:read"] });
    expect(config.operations).toEqual({ scopes: ["operations:write"] });
  });

  test("has durations in seconds", () => {
    expect(parseConfig(withIssuer({ clockSkew: "30s" })).issuers[0]?.clockSkew).toBe(30);
    const { workflows } = parseConfig(withPayout({ limits: { tokenLifetime: "1h", startsPerMinute: 60 } }));
    expect(workflows["payout"]?.limits).toEqual({ tokenLifetime: 3_600, startsPerMinute: 60 });
  });

  test.each([
    ["rfc9068", "exchange"],
    ["okta", "exchange"],
    ["auth0", "exchange"],
    ["keycloak", "exchange"],
    ["entra", "on_behalf_of"],
  ])("of profile %s has grants by %s, unless it says otherwise", (profile, grants) => {
    expect(parseConfig(withIssuer({ profile })).issuers[0]?.grants).toBe(grants);
    const own = parseConfig(withIssuer({ profile, grants: "client_credentials" }));
    expect(own.issuers[0]?.grants).toBe("client_credentials");
  });

  test("of a provider whose tokens name no audience lists clients, and has the callers' tokens for grants", () => {
    expect(parseConfig(withIssuer(cognito)).issuers[0]).toMatchObject({
      clients: ["app"],
      grants: "inbound_only",
      audience: issuer,
      grantAudience: issuer,
    });
  });

  test("takes an execution as long as its token, and no longer", () => {
    const withLimits = (limits: object, change: object = {}) => ({
      ...withPayout({ limits }),
      issuers: [{ ...firstIssuer, ...change }],
    });
    expect(parseConfig(withLimits({ executionTime: "24h" })).workflows["payout"]?.limits.executionTime).toBe(
      86_400,
    );
    const tooLong = faultsOf(withLimits({ executionTime: "2h" }, { maxTokenLifetime: "1h" }));
    expect(tooLong).toMatchObject({ field: "workflows.payout.limits.executionTime" });
    expect(tooLong.message).toBe(
      `workflows.payout.limits.executionTime: 7200 s is longer than a token of "${issuer}" lives (3600 s), and no grant is renewed`,
    );
    const short = { executionTime: "2h", tokenLifetime: "1h" };
    expect(() => parseConfig(withLimits(short))).not.toThrow();
    expect(faultsOf(withLimits(short, { grants: "inbound_only" }))).toMatchObject({
      field: "workflows.payout.limits.executionTime",
    });
  });

  test("takes an http issuer on a loopback address only", () => {
    for (const url of ["http://127.0.0.1:9402", "http://localhost:9402", "http://[::1]:9402"]) {
      expect(parseConfig(withIssuer({ issuer: url })).issuers[0]?.issuer).toBe(url);
    }
    expect(faultsOf(withIssuer({ issuer: "http://issuer.example" })).message).toMatch(
      /expected an https URL/,
    );
  });

  test("says the same to whoever made it twice", () => {
    expect(parseConfig(configInput())).toEqual(parseConfig(configInput()));
  });

  test.each<[string, unknown]>([
    ["config", null],
    ["issuers", { ...configInput(), issuers: [] }],
    ["issuers.0.issuer", withIssuer({ issuer: "not a url" })],
    ["issuers.0.issuer", withIssuer({ issuer: "ftp://issuer.example" })],
    ["issuers.0.profile", withIssuer({ profile: "oidc" })],
    ["issuers.0.audience", withIssuer({ audience: undefined })],
    ["issuers.0.audience", withIssuer({ ...cognito, audience: "https://gate.example" })],
    ["issuers.0.clients", withIssuer({ ...cognito, clients: undefined })],
    ["issuers.0.clients", withIssuer({ ...cognito, clients: [] })],
    ["issuers.0.clients", withIssuer({ clients: ["app"] })],
    ["issuers.0.grants", withIssuer({ grants: "on_behalf_of" })],
    ["issuers.0.grants", withIssuer({ profile: "entra", grants: "exchange" })],
    ["issuers.0.grants", withIssuer({ ...cognito, grants: "client_credentials" })],
    ["issuers.0.grants", withIssuer({ grants: "password" })],
    ["issuers.0.grantAudience", withIssuer({ grantAudience: undefined })],
    ["issuers.0.opaqueTokens", withIssuer({ profile: "okta", opaqueTokens: true })],
    ["issuers.0.algorithms.0", withIssuer({ algorithms: ["none"] })],
    ["issuers.0.algorithms.0", withIssuer({ algorithms: ["HS256"] })],
    ["issuers.0.algorithms", withIssuer({ algorithms: [] })],
    ["issuers.0.client.secret", withIssuer({ client: { id: "a", secret: "" } })],
    ["issuers.0.grantAudience", withIssuer({ grantAudience: "https://gate.example" })],
    ["issuers.0.clockSkew", withIssuer({ clockSkew: "soon" })],
    ["issuers.0.maxTokenLifetime", withIssuer({ maxTokenLifetime: 60 })],
    ["issuers.0.claims", withIssuer({ claims: { record: ["email"], personal: ["email"] } })],
    ["issuers.1.issuer", { ...configInput(), issuers: [firstIssuer, firstIssuer] }],
    ["workflows.payout.stateMachine", withPayout({ stateMachine: "" })],
    ["workflows.payout.start.scopes", withPayout({ start: { scopes: [] } })],
    ["workflows.payout.start.scopes.0", withPayout({ start: { scopes: ["two words"] } })],
    ["workflows.payout.roles.app.scopes", withPayout({ roles: { app: { scopes: [] } } })],
    ["workflows.payout.grant.scopes", withPayout({ grant: { scopes: [] } })],
    ["workflows.payout.limits.tokenLifetime", withPayout({ limits: { tokenLifetime: "1 hour" } })],
    ["workflows.payout.limits.startsPerMinute", withPayout({ limits: { startsPerMinute: 0 } })],
    ["workflows.payout.agents.maxDelegation", withPayout({ agents: { allow: true, maxDelegation: 17 } })],
    ["workflows.payout.revoke.on.0", withPayout({ revoke: { on: ["SUCCEEDED"] } })],
    ["workflows.payout.operate.stop.own", withPayout({ operate: { stop: { own: "yes" } } })],
    ["subjects", { ...configInput(), subjects: "hash" }],
    ["audit.scopes", { ...configInput(), audit: { scopes: [] } }],
    [
      "local.people.ada.email",
      { ...configInput(), local: { people: { ada: { name: "Ada", email: "ada" } } } },
    ],
  ])("with a fault in %s is refused with that field", (field, input) => {
    const error = faultsOf(input);
    expect(error).toMatchObject({
      code: "config.invalid",
      field: field === "config" ? expect.anything() : field,
    });
    expect(error.message).toContain(`${field}: `);
  });

  test("with an unknown field is refused with its name", () => {
    expect(faultsOf(withPayout({ limit: {} })).message).toBe('workflows.payout: unknown field "limit"');
    expect(faultsOf({ ...configInput(), issuer }).message).toBe('config: unknown field "issuer"');
  });

  test("with many faults names each of them on a line", () => {
    const { message } = faultsOf({
      ...withIssuer({ clockSkew: "x", profile: "y" }),
      workflows: { "a b": {} },
    });
    expect(message.split("\n").length).toBeGreaterThanOrEqual(3);
  });

  test("with one state machine in two workflows is refused, also by version", () => {
    const arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:payout";
    const policy = (stateMachine: string) => ({ stateMachine, start: { scopes: ["a"] } });
    const input = { ...configInput(), workflows: { one: policy(`${arn}:7`), two: policy(`${arn}:live`) } };
    expect(faultsOf(input)).toMatchObject({ field: "workflows.two.stateMachine" });
  });
});
