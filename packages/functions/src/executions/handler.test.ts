import type { Subject } from "@countersign/core/entry/entry";
import type { ExecutionState } from "@countersign/core/execution/execution-state";
import { describe, expect, test } from "vitest";
import {
  arnOf,
  grantWith,
  issuer,
  jwtLike,
  startDate,
  workflowsWith,
} from "../../../core/test-support/fixtures.ts";
import { MemoryClock } from "../../../core/test-support/memory-clock.ts";
import { MemoryExecutionStore } from "../../../core/test-support/memory-execution-store.ts";
import { MemoryLedger } from "../../../core/test-support/memory-ledger.ts";
import { MemoryStepFunctions } from "../../../core/test-support/memory-step-functions.ts";
import { call, callerToken, KnownTokens, MemoryLog, type RequestFacts } from "../../test-support/api.ts";
import { executionsHandler } from "./handler.ts";

const executionArn = arnOf("e");
const eve: Subject = { iss: issuer, sub: "eve" };

class Executions {
  readonly clock = new MemoryClock(startDate + 1_000);
  readonly ledger = new MemoryLedger(this.clock);
  readonly executions = new MemoryExecutionStore();
  readonly stepFunctions = new MemoryStepFunctions(startDate);
  readonly tokens = new KnownTokens();
  readonly stops: { arn: string; error: string; cause: string }[] = [];
  readonly #policy: Parameters<typeof workflowsWith>[0];

  constructor(policy: Parameters<typeof workflowsWith>[0] = {}) {
    this.#policy = policy;
    this.tokens.add("eve", { subject: eve });
  }

  /** One execution of Ada's, as the gate leaves it. */
  static async running(policy?: Parameters<typeof workflowsWith>[0], change: Partial<ExecutionState> = {}) {
    const world = new Executions(policy);
    world.stepFunctions.add({ executionArn });
    await world.executions.put({
      executionArn,
      workflow: "payout",
      startDate,
      redriveCount: 0,
      status: "RUNNING",
      attribution: "gate",
      grants: [grantWith()],
      open: true,
      revision: 1,
      ...change,
    });
    return world;
  }

  get(facts: RequestFacts = {}) {
    return call(this.#handler(), "GET /executions/{executionArn}", { path: { executionArn }, ...facts });
  }

  stop(facts: RequestFacts = {}) {
    return call(this.#handler(), "POST /executions/{executionArn}/stop", {
      path: { executionArn },
      ...facts,
    });
  }

  #handler() {
    const stop: MemoryStepFunctions["stop"] = (arn, ...reasons: unknown[]) => {
      this.stops.push({ arn, ...(reasons[0] as { error: string; cause: string }) });
      return this.stepFunctions.stop(arn);
    };
    return executionsHandler({
      clock: this.clock,
      workflows: workflowsWith(this.#policy),
      executions: this.executions,
      reader: this.stepFunctions,
      stopper: { stop },
      ledger: this.ledger,
      verifier: this.tokens,
      log: new MemoryLog(),
    });
  }
}

describe("the status of an execution", () => {
  test("is what Step Functions says, with the grant it runs under", async () => {
    const world = await Executions.running();
    const { status, body } = await world.get();
    expect(status).toBe(200);
    expect(body).toEqual({
      executionArn,
      workflow: "payout",
      status: "RUNNING",
      startDate,
      redriveCount: 0,
      attribution: "gate",
      grant: expect.objectContaining({ state: "active", scopes: ["payout:start"] }),
    });
  });

  test("shows how it ended, and nothing of its input", async () => {
    const world = await Executions.running();
    const ended = { status: "FAILED", stopDate: startDate + 5, error: "Broken", input: '{"amount":17}' };
    world.stepFunctions.add({ executionArn, ...ended });
    const { text, body } = await world.get();
    expect(body).toMatchObject({ status: "FAILED", stopDate: startDate + 5, error: "Broken" });
    expect(text).not.toContain("amount");
  });

  test("shows the grant of the redrive and the instance it is about, and no other", async () => {
    const older = grantWith({
      grantId: "0f0e0d0c-0b0a-4908-8706-050403020101",
      startDate: startDate - 9_000,
    });
    const grants = [
      { ...older, state: "closed" as const },
      grantWith(),
      grantWith({ grantId: "r", redriveCount: 1 }),
    ];
    const world = await Executions.running({}, { grants });
    expect((await world.get()).body["grant"]).toMatchObject({ id: grantWith().grantId });
    world.stepFunctions.add({ executionArn, redriveCount: 1 });
    expect((await world.get()).body["grant"]).toMatchObject({ id: "r" });
    world.stepFunctions.add({ executionArn, redriveCount: 2 });
    expect((await world.get()).body).not.toHaveProperty("grant");
  });

  test("never shows a fingerprint or what the request was", async () => {
    const { text } = await (await Executions.running()).get();
    expect(text).not.toMatch(/fingerprint|requestHash|authorizedBy|v1\.k1/);
  });
});

describe("what is not yours is not found:", () => {
  const open = { operate: { status: { own: false }, stop: { own: false } } };
  const none = { grants: [], attribution: "none" as const };

  test.each<[string, RequestFacts, Partial<ExecutionState>?]>([
    ["another subject's", { token: "eve" }],
    ["another client's", { token: "other-client" }],
    ["that of the same sub at another issuer", { token: "other-issuer" }],
    ["one nobody started through the gate", {}, none],
    ["one that is not known", { path: { executionArn: arnOf("other") } }],
    [
      "one of a state machine that is not registered",
      { path: { executionArn: arnOf("e").replaceAll("payout", "x") } },
    ],
    ["no ARN at all", { path: { executionArn: "payout" } }],
  ])("%s", async (_kind, facts, change) => {
    const world = await Executions.running({}, change);
    world.tokens.add("other-client", { clientId: "other" });
    world.tokens.add("other-issuer", { subject: { iss: "https://other.example", sub: "ada" } });
    for (const answer of [await world.get(facts), await world.stop(facts)]) {
      expect(answer).toMatchObject({ status: 404, body: { code: "resource.not_found" } });
      expect(answer.body["detail"]).toBe("no such execution");
    }
    expect(world.ledger.entries).toEqual([]);
    expect(world.stops).toEqual([]);
  });

  test("but a workflow may open both to whoever holds the scopes", async () => {
    const world = await Executions.running(open);
    expect((await world.get({ token: "eve" })).status).toBe(200);
    expect((await world.stop({ token: "eve" })).status).toBe(202);
    expect(world.ledger.only("execution.stop_requested").subject).toEqual(eve);
  });

  test("nor is what Step Functions has forgotten", async () => {
    const world = await Executions.running();
    world.stepFunctions.executions.clear();
    expect((await world.get()).status).toBe(404);
  });
});

describe("the scopes of an operation", () => {
  const policy = { operate: { status: { scopes: ["payout:status"] }, stop: { scopes: ["payout:stop"] } } };

  test("are its own, each of them", async () => {
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
  });

  test("are asked for before it is said whether the execution is there", async () => {
    const world = await Executions.running(policy);
    for (const name of ["e", "nowhere"]) {
      expect((await world.get({ path: { executionArn: arnOf(name) } })).status).toBe(403);
    }
  });

  test("help nobody without a token", async () => {
    const world = await Executions.running();
    expect((await world.get({ token: null })).status).toBe(401);
    expect((await world.stop({ token: "unknown" })).status).toBe(401);
  });
});

describe("a stop", () => {
  test("is asked for on the record, then done", async () => {
    const world = await Executions.running();
    const { status, body } = await world.stop({ body: { reason: "wrong amount" } });
    expect(status).toBe(202);
    const entry = world.ledger.only("execution.stop_requested");
    expect(entry).toMatchObject({
      id: body["requestId"],
      source: "api",
      attribution: "gate",
      subject: { sub: "ada" },
      clientId: "payments-app",
      workflow: "payout",
      executionArn,
      startDate,
      redriveCount: 0,
      fingerprint: "v1.k1.inbound",
    });
    expect(world.stops).toEqual([
      { arn: executionArn, error: "Countersign.StopRequested", cause: "wrong amount" },
    ]);
    expect(JSON.stringify(world.ledger.entries)).not.toContain(callerToken);
  });

  test("that can't be recorded is not done", async () => {
    const world = await Executions.running();
    world.ledger.append = async () => {
      throw new Error("down");
    };
    expect((await world.stop()).status).toBe(500);
    expect(world.stops).toEqual([]);
  });

  test("needs no reason", async () => {
    const world = await Executions.running();
    expect((await world.stop({ body: {} })).status).toBe(202);
    expect(world.stops[0]?.cause).toBe("stopped through Countersign");
  });

  test("of an execution that does not run is a conflict", async () => {
    const world = await Executions.running();
    expect((await world.stop()).status).toBe(202);
    expect(await world.stop()).toMatchObject({ status: 409, body: { code: "execution.not_running" } });
  });

  test.each<[string, unknown, number, string]>([
    ["a number for a reason", { reason: 7 }, 400, "reason"],
    ["a reason that is too long", { reason: "x".repeat(1025) }, 400, "reason"],
    ["a reason that holds a token", { reason: `see ${jwtLike("a")}` }, 422, "reason"],
    ["a field nobody reads", { cause: "x" }, 400, "body"],
    ["a list", [], 400, "body"],
    ["no JSON", "stop", 400, "body"],
  ])("with %s is refused, and nothing is stopped", async (_kind, body, status, field) => {
    const world = await Executions.running();
    const answer = await world.stop({ body });
    expect(answer).toMatchObject({ status, body: { field } });
    expect(answer.text).not.toContain("eyJ");
    expect(world.stops).toEqual([]);
    expect(world.ledger.entries).toEqual([]);
  });
});
