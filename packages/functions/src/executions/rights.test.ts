import { UnavailableError } from "@countersign/core/error/errors";
import type { ExecutionState } from "@countersign/core/execution/execution-state";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  arnOf,
  grantWith,
  issuer,
  jwtLike,
  startDate,
  subject,
} from "../../../core/test-support/fixtures.ts";
import type { RequestFacts } from "../../test-support/api.ts";
import { Executions, eve, executionArn } from "../../test-support/executions-world.ts";

const acts = ["get", "stop"] as const;
const actions = { get: "execution.described", stop: "execution.stop_requested" } as const;
const open = { operate: { status: { own: false }, stop: { own: false } } };
const unregistered = arnOf("e").replaceAll("payout", "refund");
const nobodys = { grants: [], attribution: "none" as const };

describe("what is not yours is not found:", () => {
  test.each<[kind: string, facts: RequestFacts, change: Partial<ExecutionState>, refusal: string]>([
    ["another subject's", { token: "eve" }, {}, "not_own"],
    ["another client's", { token: "other-client" }, {}, "not_own"],
    ["that of the same sub at another issuer", { token: "other-issuer" }, {}, "not_own"],
    ["one nobody started through the gate", {}, nobodys, "not_own"],
    [
      "another instance of a name that was yours",
      {},
      { grants: [grantWith({ startDate: startDate - 1 })] },
      "not_own",
    ],
    ["one started under a granted name by someone else", {}, { grants: [intended()] }, "not_own"],
    ["one that is not known", { path: { executionArn: arnOf("other") } }, {}, "unknown"],
    [
      "one of a state machine that is not registered",
      { path: { executionArn: unregistered } },
      {},
      "not_registered",
    ],
  ])("%s, and the attempt is on the record", async (_kind, facts, change, refusal) => {
    for (const act of acts) {
      const world = await withStrangers(change);
      const answer = await world[act](facts);
      expect(answer).toMatchObject({ status: 404, body: { detail: "no such execution" } });
      expect(world.stops).toEqual([]);
      const entry = world.ledger.only(actions[act]);
      expect(entry).toMatchObject({
        outcome: "denied",
        source: "api",
        executionArn: facts.path?.["executionArn"] ?? executionArn,
        error: { code: "resource.not_found" },
        detail: { refusal },
      });
      expect(entry.subject?.sub).toBe(facts.token === "eve" ? "eve" : "ada");
    }
  });

  test.each([
    "payout",
    `${executionArn}:more`,
    `${arnOf("x".repeat(300))}`,
    `${arnOf("a b")}`,
    jwtLike("path"),
    arnOf(`t${jwtLike("name")}`).slice(0, 250),
    arnOf("eyJhbGciOiJFUzI1NiJ9.eyJzdWIi.c2ln"),
  ])("nor is what is no ARN or looks like a token, which the record does not repeat: %s", async (arn) => {
    for (const act of acts) {
      const world = await withStrangers();
      expect((await world[act]({ path: { executionArn: arn } })).status).toBe(404);
      expect(world.ledger.only(actions[act]).outcome).toBe("denied");
      expect(JSON.stringify(world.ledger.entries)).not.toContain("eyJ");
    }
  });

  test("nor is what Step Functions has forgotten", async () => {
    const world = await Executions.running();
    world.stepFunctions.executions.clear();
    expect((await world.get()).status).toBe(404);
  });

  test("the answer and what is done for it are the same for what is another's, unknown and unregistered", async () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,60}$/).filter((text) => text !== "e");
    const asked = fc.oneof(
      name.map((text) => arnOf(text)),
      name.map((text) => arnOf("e").replaceAll("payout", `x${text}`)),
      fc.string({ minLength: 1 }),
    );
    await fc.assert(
      fc.asyncProperty(asked, fc.constantFrom(...acts), async (arn, act) => {
        const foreign = await withStrangers();
        const other = await withStrangers();
        const expected = await foreign[act]({ token: "eve" });
        expect(await other[act]({ token: "eve", path: { executionArn: arn } })).toEqual(expected);
        expect(other.calls).toEqual(foreign.calls);
      }),
    );
  });
});

describe("one's own execution", () => {
  test("is described without an entry", async () => {
    const world = await Executions.running();
    for (const _ of [1, 2, 3]) expect((await world.get()).status).toBe(200);
    expect(world.ledger.entries).toEqual([]);
  });

  test("is one's own whatever its grant has become, and after a redrive around the gate", async () => {
    const world = await Executions.running({}, { grants: [grantWith({ state: "revoked" })] });
    world.stepFunctions.add({ executionArn, redriveCount: 3 });
    expect([(await world.get()).status, (await world.stop()).status]).toEqual([200, 202]);
  });

  test("is one's own before the gate knows its startDate, by the grant's id in its input", async () => {
    const world = await Executions.running({}, { grants: [intended()] });
    const input = JSON.stringify({ countersign: { grantId: intended().grantId } });
    world.stepFunctions.add({ executionArn, input });
    expect((await world.get()).status).toBe(200);
    expect((await world.get({ token: "eve" })).status).toBe(404);
  });

  test.each([
    "nested",
    "map",
  ] as const)("is also a %s child of one's own, and no child of another's", async (kind) => {
    const world = await Executions.running();
    const child = kind === "map" ? arnOf("e").replace(":payout:e", ":payout/each:c") : arnOf("c");
    await addChild(world, child);
    const path = { executionArn: child };
    for (const act of acts) expect((await world[act]({ token: "eve", path })).status).toBe(404);
    expect((await world.get({ path })).status).toBe(200);
    expect((await world.stop({ path })).status).toBe(202);
    expect(world.ledger.entries.map(({ outcome }) => outcome)).toEqual(["denied", "denied", "success"]);
  });

  test("is no other execution under the name of a child, nor the child once somebody redrove it", async () => {
    const world = await Executions.running();
    const child = arnOf("c");
    await addChild(world, child);
    const running = world.stepFunctions.executions.get(child);
    for (const change of [{ startDate: startDate + 86_400_000 }, { redriveCount: 1 }]) {
      world.stepFunctions.add({ ...running, executionArn: child, ...change });
      for (const act of acts) expect((await world[act]({ path: { executionArn: child } })).status).toBe(404);
    }
  });

  test("is none by claiming a parent that one has", async () => {
    const world = await Executions.running();
    const claiming = arnOf("c");
    const input = JSON.stringify({ AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: executionArn });
    world.stepFunctions.add({ executionArn: claiming, input });
    const state = { ...nobodys, executionArn: claiming, workflow: "payout", startDate, redriveCount: 0 };
    await world.executions.put({ ...state, status: "RUNNING", open: true, revision: 1 });
    for (const act of acts) expect((await world[act]({ path: { executionArn: claiming } })).status).toBe(404);
  });
});

describe("where a workflow opens an operation to whoever holds its scopes", () => {
  test("each look at another's is on the record, once a minute for the same token", async () => {
    const world = await Executions.running(open);
    const toNextMinute = 60_000 - (world.clock.now() % 60_000);
    for (const wait of [0, 1, toNextMinute - 1, 1]) {
      world.clock.advance(wait);
      const before = world.ledger.entries.length;
      expect((await world.get({ token: "eve" })).status).toBe(200);
      expect(world.ledger.entries.length - before).toBe(wait === 1 ? 0 : 1);
    }
    expect(world.ledger.entries[0]).toMatchObject({
      action: "execution.described",
      outcome: "success",
      source: "api",
      subject: eve,
      executionArn,
      startDate,
      workflow: "payout",
    });
  });

  test("looks by other tokens and at other executions are entries of their own", async () => {
    const world = await Executions.running(open);
    world.tokens.add("eve-again", { subject: eve, fingerprint: "v1.k1.again" });
    world.tokens.add("eve-elsewhere", { subject: eve, clientId: "other" });
    for (const token of ["eve", "eve-again", "eve-elsewhere"]) await world.get({ token });
    for (const name of ["gone", "away"])
      await world.get({ token: "eve", path: { executionArn: arnOf(name) } });
    expect(world.ledger.entries).toHaveLength(5);
  });

  test("a look that can't be recorded gets no answer", async () => {
    const world = await Executions.running(open);
    world.ledger.append = async () => {
      throw new UnavailableError("store.unavailable", "down");
    };
    for (const facts of [{ token: "eve" }, { path: { executionArn: arnOf("gone") } }]) {
      const { status, text } = await world.get(facts);
      expect(status).toBe(503);
      expect(text).not.toContain("RUNNING");
    }
  });

  test("another's is stopped, by who asked for it", async () => {
    const world = await Executions.running(open);
    expect((await world.stop({ token: "eve" })).status).toBe(202);
    expect(world.ledger.only("execution.stop_requested")).toMatchObject({ subject: eve, outcome: "success" });
  });
});

describe("the scopes of an operation", () => {
  const policy = { operate: { status: { scopes: ["payout:status"] }, stop: { scopes: ["payout:stop"] } } };

  test("are its own, each of them, and lacking one is on the record", async () => {
    const world = await Executions.running(policy);
    world.tokens.add("looker", { scopes: ["payout:status"] });
    world.tokens.add("stopper", { scopes: ["payout:stop"] });
    const answers = [
      await world.get({ token: "looker" }),
      await world.stop({ token: "looker" }),
      await world.get({ token: "stopper" }),
      await world.stop({ token: "stopper" }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 403, 202]);
    expect(answers[1]?.headers["www-authenticate"]).toContain('scope="payout:stop"');
    expect(answers[2]?.headers["www-authenticate"]).toContain('scope="payout:status"');
    expect(world.ledger.entries.map(({ action, outcome, error }) => [action, outcome, error?.code])).toEqual([
      ["execution.stop_requested", "denied", "policy.scope_insufficient"],
      ["execution.described", "denied", "policy.scope_insufficient"],
      ["execution.stop_requested", "success", undefined],
    ]);
  });

  test("are asked for before it is said whether the execution is there", async () => {
    const world = await Executions.running(policy);
    for (const name of ["e", "nowhere"]) {
      expect((await world.get({ path: { executionArn: arnOf(name) } })).status).toBe(403);
    }
  });

  test("tell who holds none of the workflow's not even that there is such a workflow", async () => {
    const world = await Executions.running(policy);
    world.tokens.add("stranger", { scopes: ["reports:read"] });
    for (const act of acts) {
      const known = await world[act]({ token: "stranger" });
      const { calls } = world;
      expect(known.status).toBe(404);
      expect(await world[act]({ token: "stranger", path: { executionArn: unregistered } })).toEqual(known);
      expect(world.calls).toEqual(calls);
    }
    expect(world.ledger.entries.map(({ error }) => error?.code)).toContain("policy.scope_insufficient");
  });

  test("help nobody without a token, whose request is no entry", async () => {
    const world = await Executions.running();
    expect((await world.get({ token: null })).status).toBe(401);
    expect((await world.stop({ token: "unknown" })).status).toBe(401);
    expect(world.ledger.entries).toEqual([]);
  });
});

/** An execution that {@link executionArn} started, as the recorder leaves it. */
async function addChild(world: Executions, child: string): Promise<void> {
  const input = JSON.stringify({ AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: executionArn });
  world.stepFunctions.add({ executionArn: child, startDate: startDate + 9, input });
  world.stepFunctions.mapParents.set(child, executionArn);
  await world.executions.put({
    executionArn: child,
    workflow: "payout",
    startDate: startDate + 9,
    redriveCount: 0,
    status: "RUNNING",
    attribution: "child",
    grants: [],
    open: true,
    revision: 1,
  });
}

/** A grant whose execution the gate has not heard of yet. */
function intended() {
  const { startDate: _startDate, ...grant } = grantWith({ state: "authorizing" });
  return grant;
}

async function withStrangers(change: Partial<ExecutionState> = {}): Promise<Executions> {
  const world = await Executions.running({}, change);
  world.tokens.add("other-client", { clientId: "other" });
  world.tokens.add("other-issuer", { subject: { ...subject, iss: `${issuer}/other` } });
  return world;
}
