import { OAuthResponseError, UnavailableError } from "@countersign/core/error/errors";
import { executionArnOf } from "@countersign/core/execution/step-functions";
import { executionName } from "@countersign/core/gate/execution-name";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Faults } from "../../../core/test-support/faults.ts";
import { jwtLike, machineArn, subject } from "../../../core/test-support/fixtures.ts";
import { GateWorld } from "../../../core/test-support/gate-world.ts";
import { call, KnownTokens, MemoryLog, type RequestFacts } from "../../test-support/api.ts";
import { type GateDeps, gateHandler } from "./handler.ts";

const route = "POST /workflows/{workflow}/executions";
const first: RequestFacts = {
  path: { workflow: "payout" },
  headers: { "idempotency-key": "k" },
  body: { input: { amount: 1 } },
};

class Gate {
  readonly world: GateWorld;
  readonly tokens = new KnownTokens();
  /** Every call to a port, in order. */
  faults = new Faults();

  constructor(policy: ConstructorParameters<typeof GateWorld>[0] = {}) {
    this.world = new GateWorld(policy);
  }

  post(facts: RequestFacts = {}, deps: Partial<GateDeps> = {}) {
    this.faults = new Faults();
    const own = { ...this.world.deps(this.faults), verifier: this.tokens, log: new MemoryLog() };
    return call(gateHandler({ ...own, ...deps }), route, { ...first, ...facts });
  }

  get denials(): number {
    return this.world.ledger.actions.filter((action) => action === "execution.denied").length;
  }
}

const refusals: {
  readonly of: string;
  readonly status: number;
  readonly code: string;
  /** The code in the entry, where the answer has another. */
  readonly recorded?: string;
  readonly gate?: () => Gate | Promise<Gate>;
  readonly facts?: RequestFacts;
}[] = [
  {
    of: "an unknown workflow",
    status: 403,
    code: "policy.scope_insufficient",
    recorded: "resource.not_found",
    facts: { path: { workflow: "other" } },
  },
  {
    of: "no workflow",
    status: 403,
    code: "policy.scope_insufficient",
    recorded: "resource.not_found",
    facts: { path: {} },
  },
  {
    of: "a workflow without its scopes",
    status: 403,
    code: "policy.scope_insufficient",
    gate: () => new Gate({ start: { scopes: ["other"] } }),
  },
  {
    of: "a workflow with one of its scopes",
    status: 403,
    code: "policy.scope_insufficient",
    gate: () => new Gate({ start: { scopes: ["payout:start", "other"] } }),
  },
  {
    of: "a workflow without the grant's scopes",
    status: 403,
    code: "policy.scope_insufficient",
    gate: () => new Gate({ grant: { scopes: ["other"] } }),
  },
  {
    of: "a role",
    status: 403,
    code: "policy.role_missing",
    gate: () => new Gate({ roles: { admin: { scopes: ["other"] } } }),
  },
  { of: "an agent", status: 403, code: "policy.agent_refused", facts: { token: "agents" } },
  {
    of: "a chain of agents",
    status: 403,
    code: "policy.delegation_too_deep",
    gate: () => new Gate({ agents: { allow: true } }),
    facts: { token: "agents-agent" },
  },
  {
    of: "a lifetime",
    status: 403,
    code: "policy.token_lifetime_exceeded",
    gate: () => new Gate({ limits: { tokenLifetime: "1m" } }),
  },
  {
    of: "a rate",
    status: 429,
    code: "policy.start_rate_exceeded",
    gate: async () => {
      const gate = new Gate({ limits: { startsPerMinute: 1 } });
      await gate.post({ headers: {} });
      return gate;
    },
  },
  {
    of: "a block",
    status: 403,
    code: "policy.subject_blocked",
    gate: () => {
      const gate = new Gate();
      gate.world.blocks.blocked = "subject";
      return gate;
    },
  },
  {
    of: "a token used before",
    status: 401,
    code: "token.replayed",
    gate: async () => {
      const gate = new Gate();
      gate.world.tokenUse = "once";
      await gate.post({ headers: {} });
      return gate;
    },
  },
  {
    of: "a key used for another request",
    status: 409,
    code: "execution.conflict",
    gate: async () => {
      const gate = new Gate();
      await gate.post();
      return gate;
    },
    facts: { body: { input: { amount: 2 } } },
  },
  {
    of: "a key whose request is not resolved",
    status: 409,
    code: "execution.start_unresolved",
    gate: async () => {
      const gate = new Gate();
      const down = new UnavailableError("store.unavailable", "down");
      await gate.post({}, { starter: { start: async () => Promise.reject(down) } });
      return gate;
    },
  },
  {
    of: "a name that others took",
    status: 409,
    code: "execution.name_taken",
    gate: () => {
      const gate = new Gate();
      const { gateKey } = gate.world.deps();
      const source = { subject, clientId: "payments-app", workflow: "payout", idempotencyKey: "k" };
      const executionArn = executionArnOf(machineArn, executionName(source, gateKey));
      gate.world.stepFunctions.add({ executionArn, input: "{}" });
      return gate;
    },
  },
  {
    of: "an exchange",
    status: 403,
    code: "provider.exchange_refused",
    gate: () => {
      const gate = new Gate();
      const refused = ["provider.exchange_refused", "access_denied", "refused"] as const;
      gate.world.provider.exchangeError = new OAuthResponseError(...refused);
      return gate;
    },
  },
  { of: "a body that is not JSON", status: 400, code: "request.malformed", facts: { body: "{" } },
  { of: "an unknown field", status: 400, code: "request.malformed", facts: { body: { inputs: {} } } },
  { of: "a list for an input", status: 400, code: "request.malformed", facts: { body: { input: [] } } },
  {
    of: "a key of no form",
    status: 400,
    code: "request.malformed",
    facts: { headers: { "idempotency-key": "a b" } },
  },
  {
    of: "an input too large",
    status: 413,
    code: "request.too_large",
    facts: { body: { input: { a: "x".repeat(262_144) } } },
  },
  {
    of: "an input of a great many numbers",
    status: 413,
    code: "request.too_large",
    facts: { body: { input: { a: Array.from({ length: 200_000 }, () => 1) } } },
  },
  {
    of: "a body too large",
    status: 413,
    code: "request.too_large",
    facts: { body: "x".repeat(2_097_153) },
  },
  {
    of: "an input with a token",
    status: 422,
    code: "request.input_holds_token",
    facts: { body: { input: { a: jwtLike("x") } } },
  },
  {
    of: "an input with the gate's name",
    status: 422,
    code: "request.input_reserved",
    facts: { body: { input: { countersign: {} } } },
  },
];

async function prepared({ gate = () => new Gate() }: (typeof refusals)[number]): Promise<Gate> {
  const made = await gate();
  made.tokens.add("agents", { actors: [{ sub: "agent" }] });
  made.tokens.add("agents-agent", { actors: [{ sub: "agent" }, { sub: "agent" }] });
  return made;
}

describe("a refusal of a verified token", () => {
  test.each(refusals)("of $of is $status $code and one entry that says who asked", async (refusal) => {
    const gate = await prepared(refusal);
    const before = gate.denials;
    const { status, body } = await gate.post(refusal.facts);
    expect({ status, code: body["code"] }).toEqual({ status: refusal.status, code: refusal.code });
    expect(gate.denials - before).toBe(1);
    expect(gate.world.ledger.entries.findLast(({ action }) => action === "execution.denied")).toMatchObject({
      outcome: "denied",
      subject,
      clientId: "payments-app",
      error: { code: refusal.recorded ?? refusal.code },
    });
  });

  test.each(refusals)("of $of that can't be recorded is 503, and starts nothing", async (refusal) => {
    const gate = await prepared(refusal);
    const started = gate.world.stepFunctions.inputs.length;
    const down = new UnavailableError("store.unavailable", "down");
    const { ledger } = gate.world;
    const append: typeof ledger.append = (fields) =>
      fields.action === "execution.denied" ? Promise.reject(down) : ledger.append(fields);
    const { status, body } = await gate.post(refusal.facts, { ledger: { append } });
    expect({ status, code: body["code"] }).toEqual({ status: 503, code: "store.unavailable" });
    // A name that others took shows itself only when Step Functions is asked.
    const asked = refusal.code === "execution.name_taken" ? 1 : 0;
    expect(gate.world.stepFunctions.inputs).toHaveLength(started + asked);
  });
});

describe("an answer tells nothing", () => {
  test("of whether a workflow exists to who holds none of its scopes, in what it says and in what it does", async () => {
    const scope = fc.constantFrom("reports:read", "payout:read", "payout:star", "payout:start2", "a");
    const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,80}$/).filter((text) => text !== "payout");
    const body = fc.constantFrom<unknown>({}, { input: [] }, { input: { a: jwtLike("x") } }, "{", { x: 1 });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(scope), name, body, async (scopes, workflow, sent) => {
        const answers = [];
        for (const asked of [workflow, "payout"]) {
          const gate = new Gate();
          gate.tokens.add("callers", { scopes });
          const answer = await gate.post({ token: "callers", path: { workflow: asked }, body: sent });
          answers.push({ answer, calls: gate.faults.calls });
        }
        expect(answers[0]).toEqual(answers[1]);
      }),
    );
  });

  test("to who is not verified, whatever is asked for, and nothing is looked up", async () => {
    const gate = new Gate();
    await gate.post();
    const asked = fc.record({
      path: fc.record({ workflow: fc.constantFrom("payout", "other", "", "a b") }),
      headers: fc.constantFrom<Record<string, string>>(
        {},
        { "idempotency-key": "k" },
        { "idempotency-key": " " },
      ),
      body: fc.constantFrom<unknown>(
        undefined,
        { input: { amount: 1 } },
        { input: [] },
        "{",
        "x".repeat(3_000_000),
      ),
    });
    for (const token of ["garbage", null]) {
      const { text, headers } = await gate.post({ token });
      await fc.assert(
        fc.asyncProperty(asked, async (facts) => {
          const answer = await gate.post({ ...facts, token });
          expect(answer).toMatchObject({ status: 401, text, headers });
          expect(gate.faults.calls).toEqual([]);
        }),
      );
    }
  });
});
