import { describe, expect, test } from "vitest";
import { arnOf, grantWith, machineArn, subject } from "../../test-support/fixtures.ts";
import {
  child,
  childStart,
  claim,
  eventOf,
  gated,
  grandchild,
  grant,
  know,
  prove,
  worldWith,
} from "../../test-support/nested-world.ts";
import type { RecorderWorld } from "../../test-support/recorder-world.ts";
import { UnavailableError } from "../error/errors.ts";

const minutes = 60_000;
const entryOf = (world: RecorderWorld, executionArn: string) =>
  world.ledger.entries.find((entry) => entry.executionArn === executionArn);

describe("a nested execution that its parent's history proves", () => {
  test("inherits subject, client and scopes, and names its parent", async () => {
    const world = await worldWith();
    prove(world);
    await world.deliver(eventOf("RUNNING"));
    await world.deliver(eventOf("SUCCEEDED"));
    for (const action of ["execution.started", "execution.succeeded"] as const) {
      expect(world.ledger.only(action)).toMatchObject({
        attribution: "child",
        parentExecution: gated,
        subject,
        clientId: "payments-app",
        scopes: ["payout:start"],
        causedBy: grant.authorizedBy,
      });
    }
    expect(world.executions.peek(child)).toMatchObject({ attribution: "child", grants: [], open: false });
  });

  test("that fails leaves its parent's grant alone, and nothing of its own to revoke", async () => {
    const world = await worldWith();
    prove(world);
    await world.deliver(eventOf("FAILED"));
    expect(world.ledger.only("execution.failed").attribution).toBe("child");
    expect(world.executions.peek(gated)?.grants).toEqual([grant]);
    expect(world.revocations.hints).toEqual([]);
  });

  test("inherits of the grant under which its parent started it, not of a later redrive's", async () => {
    const redrive = grantWith({
      grantId: "2f0e0d0c-0b0a-4908-8706-050403020100",
      redriveCount: 1,
      decidedAt: childStart + 10 * minutes,
      authorizedBy: "B".repeat(43),
    });
    const world = await worldWith(grant, redrive);
    prove(world);
    await world.deliver(eventOf("RUNNING"));
    expect(world.ledger.only("execution.started").causedBy).toBe(grant.authorizedBy);
  });

  test("is told by its input where the event came without it", async () => {
    const world = await worldWith();
    prove(world);
    await world.deliver(eventOf("RUNNING", { input: null }));
    expect(world.ledger.only("execution.started")).toMatchObject({ attribution: "child", subject });
  });

  test("whose event came without its input waits until that can be read", async () => {
    const world = await worldWith();
    prove(world);
    world.stepFunctions.executions.delete(child);
    const event = eventOf("RUNNING", { input: null });
    await expect(world.deliver(event)).rejects.toBeInstanceOf(UnavailableError);
    expect(world.ledger.entries).toEqual([]);
    know(world, child, gated);
    await world.deliver(event);
    expect(world.ledger.only("execution.started")).toMatchObject({ attribution: "child", subject });
  });

  test("whose input could not be read in time is nobody's, also once it can be read", async () => {
    const world = await worldWith();
    prove(world);
    world.stepFunctions.executions.delete(child);
    world.clock.advance(3 * minutes);
    for (const status of ["RUNNING", "RUNNING", "FAILED"]) {
      await world.deliver(eventOf(status, { input: null }));
      know(world, child, gated);
    }
    expect(world.ledger.entries.map(({ attribution }) => attribution)).toEqual(["none", "none"]);
  });

  test("keeps its attribution when its parent's history is gone", async () => {
    const world = await worldWith();
    prove(world);
    await world.deliver(eventOf("RUNNING"));
    world.stepFunctions.submitted.length = 0;
    const { calls } = await world.deliver(eventOf("FAILED"));
    expect(world.ledger.only("execution.failed")).toMatchObject({ attribution: "child", subject });
    expect(calls).not.toContain("reader.hasStarted");
  });

  test("and was redriven by itself is nobody's from there, for its parent would have started another", async () => {
    const world = await worldWith();
    prove(world);
    await world.deliver(eventOf("FAILED"));
    await world.deliver(eventOf("RUNNING", { redriveCount: 1 }));
    const entry = world.ledger.only("execution.redriven");
    expect(entry.attribution).toBe("none");
    expect(entry).not.toHaveProperty("subject");
  });
});

describe("a claim that nothing proves", () => {
  test.each([
    ["the history holds no start", () => undefined],
    ["another execution was started", (world: RecorderWorld) => prove(world, gated, arnOf("other"))],
    ["another execution started it", (world: RecorderWorld) => prove(world, arnOf("other"), child)],
    [
      "it was running long before the parent's Task named it",
      (world: RecorderWorld) => prove(world, gated, child, childStart + 2 * minutes),
    ],
  ])("is nobody's, once its time is over: %s", async (_why, arrange) => {
    const world = await worldWith();
    arrange(world);
    world.clock.advance(3 * minutes);
    await world.deliver(eventOf("RUNNING"));
    const entry = world.ledger.only("execution.started");
    expect(entry.attribution).toBe("none");
    for (const field of ["subject", "clientId", "scopes", "parentExecution", "causedBy"]) {
      expect(entry).not.toHaveProperty(field);
    }
  });

  test("waits for proof, and nothing is recorded meanwhile", async () => {
    const world = await worldWith();
    await expect(world.deliver(eventOf("RUNNING"))).rejects.toBeInstanceOf(UnavailableError);
    expect(world.ledger.entries).toEqual([]);
    expect(world.executions.peek(child)).toBeUndefined();
    prove(world);
    await world.deliver(eventOf("RUNNING"));
    expect(world.ledger.only("execution.started")).toMatchObject({ attribution: "child", subject });
  });

  test("stays nobody's, whatever shows up after that was decided", async () => {
    const world = await worldWith();
    world.clock.advance(3 * minutes);
    await world.deliver(eventOf("RUNNING"));
    prove(world);
    for (const status of ["RUNNING", "FAILED"]) {
      const { calls } = await world.deliver(eventOf(status));
      expect(calls).not.toContain("reader.hasStarted");
    }
    expect(world.ledger.only("execution.started").attribution).toBe("none");
    expect(world.ledger.only("execution.failed").attribution).toBe("none");
  });

  test("stays nobody's though the recorder died between its entry and its state", async () => {
    const late = async () => {
      const world = await worldWith();
      world.clock.advance(3 * minutes);
      return world;
    };
    const { calls } = await (await late()).deliver(eventOf("FAILED"));
    const world = await late();
    await world.deliver(eventOf("FAILED"), { call: calls.indexOf("ledger.append"), persisted: true });
    prove(world);
    await world.deliver(eventOf("FAILED"));
    expect(world.ledger.only("execution.failed").attribution).toBe("none");
    expect(world.executions.peek(child)).toMatchObject({
      attribution: "none",
      status: "FAILED",
      open: false,
    });
  });

  test.each([
    ["an execution around the gate", arnOf("ungated")],
    ["an execution of a state machine that is not registered", gated.replace("payout", "nightly")],
    ["itself", child],
    ["no execution", "arn:aws:states:eu-west-1:123456789012:stateMachine:payout"],
    ["something else", "gated"],
  ])("of %s is nobody's at once", async (_what, parent) => {
    const world = await worldWith();
    const input = claim(parent);
    world.stepFunctions.add({ executionArn: arnOf("ungated"), startDate: childStart });
    world.stepFunctions.add({ executionArn: child, startDate: childStart, input });
    const { calls } = await world.deliver(eventOf("RUNNING", { input }));
    expect(world.ledger.only("execution.started").attribution).toBe("none");
    expect(calls).not.toContain("reader.hasStarted");
  });
});

describe("a chain of nested executions", () => {
  const links = (depth: number) => [gated, ...Array.from({ length: depth }, (_, n) => arnOf(`n${n + 1}`))];

  async function chain(depth: number): Promise<{ world: RecorderWorld; last: string }> {
    const world = await worldWith();
    const arns = links(depth);
    for (const [n, executionArn] of arns.entries()) {
      const parent = arns[n - 1];
      if (parent === undefined) continue;
      know(world, executionArn, parent);
      prove(world, parent, executionArn);
    }
    return { world, last: arns.at(-1) ?? "" };
  }
  const lastEvent = (last: string, depth: number) =>
    eventOf("RUNNING", { executionArn: last, input: claim(links(depth).at(-2) ?? "") });

  test("inherits up to five ancestors, though none of them is recorded yet", async () => {
    const { world, last } = await chain(5);
    await world.deliver(lastEvent(last, 5));
    expect(entryOf(world, last)).toMatchObject({
      attribution: "child",
      subject,
      parentExecution: arnOf("n4"),
    });
  });

  test("goes no further than that", async () => {
    const { world, last } = await chain(6);
    await world.deliver(lastEvent(last, 6));
    expect(entryOf(world, last)?.attribution).toBe("none");
  });

  test("is nobody's when one of its links is forged", async () => {
    const world = await worldWith();
    know(world, grandchild, child);
    prove(world, child, grandchild);
    world.clock.advance(3 * minutes);
    await world.deliver(eventOf("RUNNING", { executionArn: grandchild, input: claim(child) }));
    expect(entryOf(world, grandchild)?.attribution).toBe("none");
  });

  test("goes through a Map's child and the execution that runs the Map", async () => {
    const mapChild = "arn:aws:states:eu-west-1:123456789012:execution:payout/EachOrder:7c1f0f3e";
    const world = await worldWith();
    prove(world);
    world.stepFunctions.mapParents.set(mapChild, child);
    know(world, grandchild, mapChild);
    prove(world, mapChild, grandchild);
    await world.deliver(
      eventOf("RUNNING", { executionArn: mapChild, stateMachineArn: `${machineArn}/EachOrder` }),
    );
    await world.deliver(eventOf("RUNNING", { executionArn: grandchild, input: claim(mapChild) }));
    expect(entryOf(world, mapChild)).toMatchObject({ attribution: "child", parentExecution: child, subject });
    expect(entryOf(world, grandchild)).toMatchObject({ attribution: "child", parentExecution: mapChild });
  });
});
