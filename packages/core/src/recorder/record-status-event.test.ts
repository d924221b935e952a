import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  arnOf,
  grantWith,
  jwtLike,
  machineArn,
  startDate,
  statusEventWith,
  subject,
} from "../../test-support/fixtures.ts";
import { RecorderWorld } from "../../test-support/recorder-world.ts";
import { IntegrityError, UnavailableError } from "../error/errors.ts";
import type { ExecutionState } from "../execution/execution-state.ts";
import { parseStatusEvent } from "../status-event/status-event.ts";
import { recordStatusEvent } from "./record-status-event.ts";

const executionArn = arnOf("e");
const grant = grantWith();
const gatedInput = JSON.stringify({ countersign: { grantId: grant.grantId } });
const jwt = jwtLike("recorded");
const eventOf = (status: string, facts: Partial<Parameters<typeof statusEventWith>[0]> = {}) =>
  statusEventWith({ executionArn, status, ...facts });

async function gatedWorld(...grants: ReturnType<typeof grantWith>[]): Promise<RecorderWorld> {
  const world = new RecorderWorld();
  await world.hold(executionArn, grants.length > 0 ? grants : [grant]);
  return world;
}

describe("a status event of an execution the gate started", () => {
  test("is recorded with the grant's subject, client, scopes and cause", async () => {
    const world = await gatedWorld(grantWith({ role: "app", actors: [{ sub: "agent" }] }));
    await world.deliver(eventOf("RUNNING"));
    expect(world.ledger.only("execution.started")).toMatchObject({
      outcome: "success",
      source: "event",
      attribution: "gate",
      occurredAt: startDate,
      subject,
      actors: [{ sub: "agent" }],
      clientId: "payments-app",
      scopes: ["payout:start"],
      role: "app",
      workflow: "payout",
      executionArn,
      startDate,
      redriveCount: 0,
      causedBy: grant.authorizedBy,
    });
  });

  test("says nothing that the gate learns only after its intent, for it may overtake the gate", async () => {
    const world = await gatedWorld(grantWith());
    await world.deliver(eventOf("RUNNING"));
    const entry = world.ledger.only("execution.started");
    for (const field of ["identityMode", "policyVersion", "expiresAt", "fingerprint"]) {
      expect(entry).not.toHaveProperty(field);
    }
  });

  test.each([
    ["SUCCEEDED", "execution.succeeded", "success"],
    ["FAILED", "execution.failed", "failure"],
    ["TIMED_OUT", "execution.timed_out", "failure"],
    ["ABORTED", "execution.aborted", "failure"],
  ] as const)("%s is %s at its stopDate", async (status, action, outcome) => {
    const world = await gatedWorld();
    await world.deliver(eventOf(status));
    expect(world.ledger.only(action)).toMatchObject({ outcome, occurredAt: startDate + 5_000 });
  });

  test("that failed leaves its grant to be revoked, and says so to the revoker", async () => {
    for (const status of ["FAILED", "TIMED_OUT", "ABORTED"]) {
      const world = await gatedWorld();
      await world.deliver(eventOf(status));
      expect(world.executions.peek(executionArn)?.grants[0]?.state).toBe("revoking");
      expect(world.revocations.hints).toEqual([{ executionArn, grantId: grant.grantId }]);
    }
  });

  test("that succeeded closes its grant without a hint", async () => {
    const world = await gatedWorld();
    await world.deliver(eventOf("SUCCEEDED"));
    expect(world.executions.peek(executionArn)).toMatchObject({ open: false, grants: [{ state: "closed" }] });
    expect(world.revocations.hints).toEqual([]);
  });

  test("writes entry, then state, then hint", async () => {
    const world = await gatedWorld();
    const { calls } = await world.deliver(eventOf("FAILED"));
    expect(calls).toEqual(["executions.get", "ledger.append", "executions.put", "revocations.hint"]);
  });

  test("that was overtaken between its entry and its state is decided on anew", async () => {
    const world = await gatedWorld();
    const executions = {
      get: (arn: string) => world.executions.get(arn),
      put: async (next: ExecutionState) => {
        executions.put = (state) => world.executions.put(state);
        const state = world.executions.peek(executionArn);
        if (state)
          await world.executions.put({ ...state, workflow: "renamed", revision: state.revision + 1 });
        await world.executions.put(next);
      },
      remove: async () => undefined,
    };
    await recordStatusEvent({ ...world.deps(), executions }, parseStatusEvent(eventOf("FAILED")));
    expect(world.executions.peek(executionArn)).toMatchObject({ status: "FAILED", revision: 3 });
    expect(world.revocations.hints).toHaveLength(1);
  });

  test("keeps hash and size of the input in the entry, and an error without its cause", async () => {
    const world = await gatedWorld();
    await world.deliver(eventOf("RUNNING", { input: '{"marker":"input-marker"}' }));
    await world.deliver(eventOf("FAILED", { detail: { error: "Payout.Declined", cause: "cause-marker" } }));
    expect(world.ledger.only("execution.started").detail?.["input"]).toMatchObject({ bytes: 25 });
    expect(world.ledger.only("execution.failed").error).toEqual({ name: "Payout.Declined" });
    expect(JSON.stringify(world.ledger.entries)).not.toContain("-marker");
  });

  test("of a status we don't know is recorded under that status", async () => {
    const world = await gatedWorld();
    await world.deliver(eventOf("PENDING_REDRIVE", { redriveCount: 1 }));
    expect(world.ledger.only("execution.status_changed")).toMatchObject({
      outcome: "unknown",
      detail: { status: "PENDING_REDRIVE" },
    });
  });

  test("with other content than what is recorded is an integrity error, and moves nothing", async () => {
    const world = await gatedWorld();
    await world.deliver(eventOf("FAILED"));
    const before = world.outcome();
    await expect(world.deliver(eventOf("FAILED", { detail: { error: "Another" } }))).rejects.toBeInstanceOf(
      IntegrityError,
    );
    expect(world.outcome()).toEqual(before);
  });

  test("that comes before the gate knew the startDate belongs to the grant", async () => {
    const { startDate: _startDate, ...intended } = grantWith({ state: "authorizing" });
    const world = await gatedWorld(intended);
    await world.deliver(eventOf("FAILED", { input: gatedInput }));
    expect(world.ledger.only("execution.failed").attribution).toBe("gate");
    expect(world.executions.peek(executionArn)?.grants[0]).toMatchObject({ state: "revoking", startDate });
  });

  describe("that comes before the gate knew the startDate", () => {
    const { startDate: _startDate, ...intended } = grantWith({ state: "authorizing" });

    test.each([
      ["another grant in its input", `{"countersign":{"grantId":"${randomUUID()}"}}`],
      ["none in its input", '{"amount":1}'],
      ["an input that is no object", "[]"],
    ])("with %s is of an execution that took the name, and moves no grant", async (_name, input) => {
      const world = await gatedWorld(intended);
      await world.deliver(eventOf("FAILED", { input }));
      expect(world.ledger.only("execution.failed")).toMatchObject({ attribution: "none" });
      expect(world.ledger.only("execution.failed")).not.toHaveProperty("subject");
      expect(world.executions.peek(executionArn)?.grants).toEqual([intended]);
      expect(world.revocations.hints).toEqual([]);
    });

    test("and without its input is told by what Step Functions says the input is", async () => {
      const world = await gatedWorld(intended);
      world.stepFunctions.add({ executionArn, input: gatedInput });
      await world.deliver(eventOf("RUNNING", { input: null }));
      expect(world.ledger.only("execution.started").attribution).toBe("gate");
    });

    test("and without its input waits while Step Functions does not know the execution", async () => {
      const world = await gatedWorld(intended);
      world.clock.advance(startDate - world.clock.now());
      await expect(world.deliver(eventOf("RUNNING", { input: null }))).rejects.toBeInstanceOf(
        UnavailableError,
      );
      expect(world.ledger.entries).toEqual([]);
      world.clock.advance(120_000);
      await world.deliver(eventOf("RUNNING", { input: null }));
      expect(world.ledger.only("execution.started").attribution).toBe("none");
    });
  });

  test("keeps the source it was learned from out of the fact", async () => {
    const world = await gatedWorld();
    await world.deliver(eventOf("FAILED"));
    await recordStatusEvent(world.deps(), parseStatusEvent(eventOf("FAILED")), "reconcile");
    expect(world.ledger.only("execution.failed").source).toBe("event");
  });

  test("is delivered again when a port is down", async () => {
    const world = await gatedWorld();
    const down = new UnavailableError("store.unavailable", "throttled");
    const deps = { ...world.deps(), revocations: { hint: async () => Promise.reject(down) } };
    await expect(recordStatusEvent(deps, parseStatusEvent(eventOf("FAILED")))).rejects.toBe(down);
    await world.deliver(eventOf("FAILED"));
    expect(world.revocations.hints).toHaveLength(1);
  });
});

describe("a redrive", () => {
  const second = grantWith({ grantId: "2f0e0d0c-0b0a-4908-8706-050403020100", redriveCount: 1 });

  test("is recorded as one, at its redriveDate, under its own grant", async () => {
    const world = await gatedWorld(
      { ...grant, state: "revoked" },
      { ...second, authorizedBy: "B".repeat(43) },
    );
    await world.deliver(eventOf("RUNNING", { redriveCount: 1 }));
    expect(world.ledger.only("execution.redriven")).toMatchObject({
      attribution: "gate",
      redriveCount: 1,
      occurredAt: startDate + 60_000,
      causedBy: "B".repeat(43),
    });
  });

  test("around the gate has no subject, though the first run had one", async () => {
    const world = await gatedWorld();
    await world.deliver(eventOf("RUNNING", { redriveCount: 1 }));
    const entry = world.ledger.only("execution.redriven");
    expect(entry.attribution).toBe("none");
    expect(entry).not.toHaveProperty("subject");
  });

  test("does not turn a repeated event of the run before it into a conflict", async () => {
    const world = await gatedWorld();
    const first = ["RUNNING", "FAILED"].map((status) => eventOf(status));
    for (const event of first) await world.deliver(event);
    const state = world.executions.peek(executionArn);
    if (state)
      await world.executions.put({
        ...state,
        grants: [...state.grants, second],
        revision: state.revision + 1,
      });
    await world.deliver(eventOf("RUNNING", { redriveCount: 1 }));
    const before = world.outcome();
    for (const event of first) await world.deliver(event);
    expect(world.outcome()).toEqual(before);
  });

  test("that fails revokes its own grant alone", async () => {
    const world = await gatedWorld({ ...grant, state: "closed" }, second);
    await world.deliver(eventOf("FAILED", { redriveCount: 1 }));
    expect(world.executions.peek(executionArn)?.grants.map(({ state }) => state)).toEqual([
      "closed",
      "revoking",
    ]);
    expect(world.revocations.hints).toEqual([{ executionArn, grantId: second.grantId }]);
  });
});

describe("a child of a distributed Map", () => {
  const childArn = "arn:aws:states:eu-west-1:123456789012:execution:payout/EachOrder:7c1f0f3e";
  const childEvent = (status: string) =>
    eventOf(status, {
      executionArn: childArn,
      stateMachineArn: `${machineArn}/EachOrder`,
      startDate: startDate + 500,
    });

  test("inherits the subject of its parent, and its failure does not revoke the parent's grant", async () => {
    const world = await gatedWorld();
    world.stepFunctions.mapParents.set(childArn, executionArn);
    await world.deliver(childEvent("RUNNING"));
    await world.deliver(childEvent("FAILED"));
    expect(world.ledger.only("execution.failed")).toMatchObject({
      attribution: "child",
      parentExecution: executionArn,
      subject,
      workflow: "payout",
    });
    expect(world.executions.peek(executionArn)?.grants).toEqual([grant]);
    expect(world.executions.peek(childArn)).toMatchObject({ attribution: "child", grants: [], open: false });
    expect(world.revocations.hints).toEqual([]);
  });

  test("of an execution around the gate, or of one we can't find, is nobody's", async () => {
    for (const parent of [arnOf("ungated"), undefined]) {
      const world = await gatedWorld();
      if (parent) world.stepFunctions.mapParents.set(childArn, parent);
      world.clock.advance(3 * 60_000);
      await world.deliver(childEvent("RUNNING"));
      const entry = world.ledger.only("execution.started");
      expect(entry.attribution).toBe("none");
      for (const field of ["subject", "parentExecution"]) expect(entry).not.toHaveProperty(field);
    }
  });

  test("that Step Functions does not know yet waits for it, and nothing is recorded meanwhile", async () => {
    const world = await gatedWorld();
    await expect(world.deliver(childEvent("RUNNING"))).rejects.toBeInstanceOf(UnavailableError);
    expect(world.ledger.entries).toEqual([]);
    expect(world.executions.peek(childArn)).toBeUndefined();
    world.stepFunctions.mapParents.set(childArn, executionArn);
    await world.deliver(childEvent("RUNNING"));
    expect(world.ledger.only("execution.started")).toMatchObject({ attribution: "child", subject });
  });

  test("whose parent Step Functions does not know yet waits for that", async () => {
    const world = await gatedWorld();
    world.stepFunctions.mapParents.set(childArn, arnOf("nested"));
    await expect(world.deliver(childEvent("RUNNING"))).rejects.toBeInstanceOf(UnavailableError);
    expect(world.ledger.entries).toEqual([]);
  });

  test("stays nobody's once that was decided, though Step Functions tells its parent later", async () => {
    const world = await gatedWorld();
    world.clock.advance(3 * 60_000);
    await world.deliver(childEvent("RUNNING"));
    world.stepFunctions.mapParents.set(childArn, executionArn);
    for (const status of ["RUNNING", "FAILED"]) await world.deliver(childEvent(status));
    expect(world.ledger.entries.map(({ attribution }) => attribution)).toEqual(["none", "none"]);
  });

  test("stays nobody's though the recorder died between its entry and its state", async () => {
    const late = async () => {
      const world = await gatedWorld();
      world.clock.advance(3 * 60_000);
      return world;
    };
    const { calls } = await (await late()).deliver(childEvent("FAILED"));
    const world = await late();
    await world.deliver(childEvent("FAILED"), { call: calls.indexOf("ledger.append"), persisted: true });
    world.stepFunctions.mapParents.set(childArn, executionArn);
    await world.deliver(childEvent("FAILED"));
    expect(world.ledger.only("execution.failed").attribution).toBe("none");
    expect(world.executions.peek(childArn)).toMatchObject({ attribution: "none", status: "FAILED" });
  });

  test("is not recorded otherwise once Step Functions has forgotten it", async () => {
    const world = await gatedWorld();
    world.stepFunctions.mapParents.set(childArn, executionArn);
    await world.deliver(childEvent("RUNNING"));
    world.stepFunctions.mapParents.clear();
    world.clock.advance(3 * 60_000);
    await expect(world.deliver(childEvent("FAILED"))).rejects.toBeInstanceOf(UnavailableError);
    expect(world.ledger.actions).toEqual(["execution.started"]);
  });
});

describe("an execution around the gate", () => {
  test("is recorded as nobody's, with its state machine if it is not registered", async () => {
    const world = new RecorderWorld();
    const other = machineArn.replace("payout", "nightly");
    const nightly = executionArn.replace("payout", "nightly");
    await world.deliver(eventOf("RUNNING", { executionArn: nightly, stateMachineArn: other }));
    const entry = world.ledger.only("execution.started");
    expect(entry).toMatchObject({ attribution: "none", stateMachineArn: other });
    expect(entry).not.toHaveProperty("workflow");
    expect(world.executions.peek(nightly)).toMatchObject({ attribution: "none", grants: [], open: true });
  });

  test("that fails leaves nothing to revoke", async () => {
    const world = new RecorderWorld();
    await world.deliver(eventOf("FAILED"));
    expect(world.revocations.hints).toEqual([]);
    expect(world.executions.peek(executionArn)?.open).toBe(false);
  });

  test("whose event came without its input is looked up, and the input scanned", async () => {
    const world = new RecorderWorld();
    world.stepFunctions.add({ executionArn, input: JSON.stringify({ auth: { jwt } }) });
    await world.deliver(eventOf("RUNNING", { input: null }));
    expect(world.ledger.only("token.found_in_data")).toMatchObject({
      attribution: "none",
      detail: { shapes: [{ path: "input<json>.auth.jwt", kind: "jwt" }] },
      causedBy: world.ledger.only("execution.started").entryId,
    });
    expect(JSON.stringify(world.ledger.entries)).not.toContain(jwt);
  });

  test("that Step Functions no longer knows is recorded all the same", async () => {
    const world = new RecorderWorld();
    world.clock.advance(3 * 60_000);
    await world.deliver(eventOf("RUNNING", { input: null }));
    expect(world.ledger.actions).toEqual(["execution.started"]);
  });

  test("is not looked up when the event has its input, nor is one of the gate's", async () => {
    const around = await new RecorderWorld().deliver(eventOf("RUNNING"));
    const gated = await (await gatedWorld()).deliver(eventOf("RUNNING", { input: null }));
    expect([...around.calls, ...gated.calls]).not.toContain("reader.describe");
  });

  test("is attributed to another instance of its name only by its startDate", async () => {
    const world = await gatedWorld();
    await world.deliver(eventOf("RUNNING", { startDate: startDate + 86_400_000 }));
    expect(world.ledger.only("execution.started").attribution).toBe("none");
    expect(world.executions.peek(executionArn)?.grants).toEqual([grant]);
  });
});

describe("a token in an event", () => {
  test("is reported with path and kind, once for each status, and never with its value", async () => {
    const world = await gatedWorld();
    const running = eventOf("RUNNING", { input: `{"a":["${jwt}"]}` });
    const failed = eventOf("FAILED", { detail: { cause: `rejected ${jwt}`, error: jwt } });
    for (const event of [running, failed, running, failed]) await world.deliver(event);
    const found = world.ledger.entries.filter(({ action }) => action === "token.found_in_data");
    expect(found.map(({ id, detail }) => [id, detail?.["shapes"]])).toEqual([
      ["RUNNING", [{ path: "input<json>.a[0]", kind: "jwt" }]],
      [
        "FAILED",
        [
          { path: "cause", kind: "jwt" },
          { path: "error", kind: "jwt" },
        ],
      ],
    ]);
    expect(found[0]).toMatchObject({ subject, attribution: "gate", outcome: "failure" });
    expect(JSON.stringify([world.ledger.entries, world.executions.text])).not.toContain("eyJ");
  });

  test("does not keep the failure from its revocation, however deep and long its path is", async () => {
    const world = await gatedWorld();
    const depth = 90;
    const input = `${`{"${"n".repeat(64)}":`.repeat(depth)}"${jwt}"${"}".repeat(depth)}`;
    await world.deliver(eventOf("FAILED", { input }));
    expect(world.ledger.actions).toEqual(["execution.failed", "token.found_in_data"]);
    expect(world.revocations.hints).toHaveLength(1);
  });
});
