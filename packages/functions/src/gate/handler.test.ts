import { OutcomeUnknownError, UnavailableError } from "@countersign/core/error/errors";
import { describe, expect, test } from "vitest";
import { jwtLike } from "../../../core/test-support/fixtures.ts";
import { GateWorld } from "../../../core/test-support/gate-world.ts";
import {
  apiEvent,
  call,
  callerToken,
  KnownTokens,
  MemoryLog,
  type RequestFacts,
} from "../../test-support/api.ts";
import { type GateDeps, gateHandler } from "./handler.ts";

const route = "POST /workflows/{workflow}/executions";

class Gate {
  readonly world: GateWorld;
  readonly tokens = new KnownTokens();
  readonly log = new MemoryLog();

  constructor(policy: ConstructorParameters<typeof GateWorld>[0] = {}) {
    this.world = new GateWorld(policy);
  }

  post(facts: RequestFacts = {}, deps: Partial<GateDeps> = {}) {
    const handler = gateHandler({ ...this.world.deps(), verifier: this.tokens, log: this.log, ...deps });
    return call(handler, route, { path: { workflow: "payout" }, body: { input: { amount: 1 } }, ...facts });
  }
}

const keyed = (key: string): RequestFacts => ({ headers: { "idempotency-key": key } });

describe("a start", () => {
  test("is answered with 201, the execution's place and its grant", async () => {
    const gate = new Gate();
    const { status, headers, body } = await gate.post();
    const [executionArn = ""] = gate.world.executions.arns;
    expect(status).toBe(201);
    expect(headers["location"]).toBe(`/executions/${encodeURIComponent(executionArn)}`);
    expect(body).toEqual({
      executionArn,
      workflow: "payout",
      startDate: gate.world.stepFunctions.startDate,
      grant: {
        id: gate.world.state?.grants[0]?.grantId,
        state: "active",
        subject: { iss: "https://issuer.example", sub: "ada" },
        clientId: "payments-app",
        scopes: ["payout:start"],
        identityMode: "exchanged",
        expiresAt: expect.any(Number),
      },
    });
    expect(gate.world.ledger.actions).toEqual(["execution.authorized"]);
  });

  test("shows no token, in its answer or in what is kept", async () => {
    const gate = new Gate();
    const { text, headers } = await gate.post();
    for (const secret of [callerToken, ...gate.world.provider.issued]) {
      expect(text + JSON.stringify(headers)).not.toContain(secret);
      expect(gate.world.text).not.toContain(secret);
    }
  });

  test("keeps where it came from only as personal data, of bounded length", async () => {
    const gate = new Gate();
    const handler = gateHandler({ ...gate.world.deps(), verifier: gate.tokens, log: gate.log });
    const event = apiEvent(route, { path: { workflow: "payout" } });
    event.requestContext.http.userAgent = "x".repeat(2_000);
    await handler(event, {} as never);
    expect(gate.world.personal.seen[0]?.data).toMatchObject({
      sourceIp: "192.0.2.7",
      userAgent: "x".repeat(512),
    });
    expect(gate.world.text).not.toMatch(/192\.0\.2\.7|xxxx/);
  });

  test.each([
    { body: undefined },
    { body: {} },
    { body: { input: { amount: 1 } }, base64: true },
  ])("needs no input, and takes it in base64: %o", async (facts) => {
    expect((await new Gate().post(facts)).status).toBe(201);
  });

  test("of another role shows the role", async () => {
    const gate = new Gate({ roles: { clerk: { scopes: ["payout:start"] } } });
    expect((await gate.post()).body["grant"]).toMatchObject({ role: "clerk" });
  });
});

describe("an Idempotency-Key", () => {
  test("given again with the same request is answered with 200 and the same execution", async () => {
    const gate = new Gate();
    const first = await gate.post(keyed("k"));
    const again = await gate.post(keyed("k"));
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body).toEqual(first.body);
    expect(again.headers["location"]).toBe(first.headers["location"]);
    expect(gate.world.stepFunctions.inputs).toHaveLength(1);
  });

  test("given again with another request is a conflict", async () => {
    const gate = new Gate();
    await gate.post(keyed("k"));
    const { status, body } = await gate.post({ ...keyed("k"), body: { input: { amount: 2 } } });
    expect({ status, code: body["code"] }).toEqual({ status: 409, code: "execution.conflict" });
  });

  test("of another client is another execution", async () => {
    const gate = new Gate();
    gate.tokens.add("others-token", { clientId: "other-app" });
    const statuses = [await gate.post(keyed("k")), await gate.post({ ...keyed("k"), token: "others-token" })];
    expect(statuses.map(({ status }) => status)).toEqual([201, 201]);
    expect(gate.world.executions.arns).toHaveLength(2);
  });

  test("left out starts an execution each time", async () => {
    const gate = new Gate();
    await gate.post();
    await gate.post();
    expect(gate.world.executions.arns).toHaveLength(2);
  });

  test.each(["", " ", "a b", "é", "a\nb", "k".repeat(256)])("of the form %j is malformed", async (key) => {
    const gate = new Gate();
    const { status, body } = await gate.post(keyed(key));
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: "request.malformed", field: "Idempotency-Key" });
    expect(gate.world.executions.arns).toEqual([]);
  });

  test.each([
    "k",
    "k".repeat(255),
    '!"#$%&()*+,-./:;<=>?@[]^_`{|}~',
  ])("of the form %j is taken", async (key) => {
    expect((await new Gate().post(keyed(key))).status).toBe(201);
  });
});

describe("a refusal", () => {
  const reserved = { input: { countersign: {} } };
  test.each<[string, number, string, RequestFacts]>([
    [
      "an input shaped like a token",
      422,
      "request.input_holds_token",
      { body: { input: { a: [jwtLike("x")] } } },
    ],
    ["an input with the gate's own name", 422, "request.input_reserved", { body: reserved }],
    ["an input that is too large", 413, "request.too_large", { body: { input: { a: "x".repeat(262_144) } } }],
    ["a list for an input", 400, "request.malformed", { body: { input: [] } }],
    ["a field nobody reads", 400, "request.malformed", { body: { inputs: {} } }],
    ["a body that is not JSON", 400, "request.malformed", { body: "{" }],
    ["an Idempotency-Key of no form", 400, "request.malformed", keyed("a b")],
  ])("for %s is %i, %s, and an entry that says who asked", async (_kind, status, code, facts) => {
    const gate = new Gate();
    const answer = await gate.post(facts);
    expect({ status: answer.status, code: answer.body["code"] }).toEqual({ status, code });
    expect(gate.world.ledger.actions).toEqual(["execution.denied"]);
    expect(gate.world.ledger.only("execution.denied")).toMatchObject({
      outcome: "denied",
      subject: { sub: "ada" },
      clientId: "payments-app",
      error: { code },
    });
    expect(gate.world.stepFunctions.inputs).toEqual([]);
    expect(`${answer.text}${gate.world.text}`).not.toContain("eyJ");
  });

  test("for a scope is 403, and for who holds another of the workflow's with those that would be enough", async () => {
    const gate = new Gate({ start: { scopes: ["payout:start", "payout:large"] } });
    const { status, headers } = await gate.post();
    expect(status).toBe(403);
    expect(headers["www-authenticate"]).toMatch(
      /error="insufficient_scope".*scope="payout:start payout:large"/,
    );
    expect(gate.world.ledger.only("execution.denied").detail).toEqual({
      requiredScopes: ["payout:start", "payout:large"],
    });
  });

  test.each<[string, RequestFacts, number]>([
    ["without a token", { token: null }, 401],
    ["with a token that does not verify", { token: "unknown", body: "{" }, 401],
    ["with two tokens", { token: "a b" }, 400],
  ])("%s is no entry, for nobody is known to have asked", async (_kind, facts, status) => {
    const gate = new Gate();
    const answer = await gate.post(facts);
    expect(answer.status).toBe(status);
    expect(answer.headers["www-authenticate"]).toMatch(/^Bearer /);
    expect(gate.world.ledger.entries).toEqual([]);
  });

  test("for the rate says when to come again", async () => {
    const gate = new Gate({ limits: { startsPerMinute: 1 } });
    await gate.post();
    expect(await gate.post()).toMatchObject({ status: 429, headers: { "retry-after": "30" } });
  });
});

describe("what is out of order", () => {
  test("at the provider is 503, and nothing is started", async () => {
    const gate = new Gate();
    gate.world.provider.exchangeError = new OutcomeUnknownError("provider.unavailable", "no answer");
    expect(await gate.post()).toMatchObject({ status: 503, body: { code: "provider.unavailable" } });
    expect(gate.world.stepFunctions.inputs).toEqual([]);
  });

  test("in the ledger is 503, also for a refusal that could not be recorded", async () => {
    const gate = new Gate();
    const ledger = {
      append: async () => {
        throw new UnavailableError("store.unavailable", "down");
      },
    };
    for (const facts of [{}, { body: "{" }, { body: { input: [] } }]) {
      expect(await gate.post(facts, { ledger })).toMatchObject({ status: 503 });
    }
    expect(gate.world.stepFunctions.inputs).toEqual([]);
  });
});
