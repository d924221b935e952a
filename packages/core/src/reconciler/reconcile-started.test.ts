import { describe, expect, test } from "vitest";
import { Faults } from "../../test-support/faults.ts";
import { arnOf, grantWith, machineArn, startDate, statusEventWith } from "../../test-support/fixtures.ts";
import { lookBackMs, ReconcilerWorld } from "../../test-support/reconciler-world.ts";
import { factsOf, scenarioOf, worldOf } from "../../test-support/scenario.ts";

describe("a walk that runs out of time", () => {
  const told = Array.from({ length: 40 }, () => ({ isGated: false, earlierEnds: [], end: "SUCCEEDED" }));
  const scenario = scenarioOf(told);

  /** A world whose account takes a second for each description, ten executions to a page. */
  async function slowWorld(): Promise<ReconcilerWorld> {
    const world = await worldOf(scenario);
    world.account.pageSize = 10;
    const details = world.account.details.bind(world.account);
    world.account.details = async (arn) => {
      world.clock.advance(1_000);
      return details(arn);
    };
    return world;
  }

  test("is gone on with by the next runs until all is recorded", async () => {
    const world = await slowWorld();
    let runs = 0;
    for (; !(await world.reconcile(new Faults(), 15_000)).isComplete; runs += 1)
      expect(runs).toBeLessThan(10);
    expect(runs).toBeGreaterThan(1);
    expect(world.gaps).toEqual(factsOf(scenario.events));
    expect(world.account.calls.filter((call) => call === "details")).toHaveLength(40);
  });

  test("begins anew when the page it came to is not given out any more", async () => {
    const world = await slowWorld();
    await world.reconcile(new Faults(), 15_000);
    expect(world.progress.of.get(machineArn)?.pass?.next).toBeDefined();
    world.account.epoch = "2";
    expect(await world.reconcile()).toMatchObject({ isComplete: true, failed: 0 });
    expect(world.gaps).toEqual(factsOf(scenario.events));
  });
});

describe("an execution that can't be reconciled", () => {
  test("fails alone, and is tried again in the next run", async () => {
    const scenario = scenarioOf([1, 2, 3].map(() => ({ isGated: false, earlierEnds: [], end: "SUCCEEDED" })));
    const world = await worldOf(scenario);
    const details = world.account.details.bind(world.account);
    world.account.details = async (arn) => {
      if (arn === arnOf("run-1")) throw new Error("down");
      return details(arn);
    };
    expect(await world.reconcile()).toMatchObject({ failed: 1, recorded: 4 });
    world.account.details = details;
    world.clock.advance(12 * 3_600_000);
    expect(await world.reconcile()).toMatchObject({ failed: 0, recorded: 2 });
  });

  test("is not looked at for longer than one looks back", async () => {
    const world = await worldOf(scenarioOf([{ isGated: false, earlierEnds: [], end: "SUCCEEDED" }]));
    world.account.details = async () => {
      throw new Error("down");
    };
    expect(await world.reconcile()).toMatchObject({ failed: 1 });
    world.clock.advance(2 * lookBackMs);
    await world.reconcile();
    world.clock.advance(600_000);
    expect(await world.reconcile()).toMatchObject({ compared: 0, failed: 0 });
  });
});

describe("children of a distributed Map", () => {
  const parent = arnOf("parent");
  const child = (name: string) => `arn:aws:states:eu-west-1:123456789012:execution:payout/EachOrder:${name}`;
  const of = (executionArn: string, status: string, after = 500) =>
    statusEventWith({
      executionArn,
      status,
      startDate: startDate + after,
      stateMachineArn: executionArn === parent ? machineArn : `${machineArn}/EachOrder`,
    });

  test("that no event told of are found through its Map runs, and inherit", async () => {
    const world = new ReconcilerWorld();
    await world.hold(parent, [grantWith()]);
    const begun = statusEventWith({ executionArn: parent, status: "RUNNING" });
    await world.deliver(begun);
    const children = ["SUCCEEDED", "FAILED"].flatMap((end) => [
      of(child(end), "RUNNING"),
      of(child(end), end),
    ]);
    world.account.happen([begun, ...children]);
    world.account.runs.set(parent, new Map([["run", [child("SUCCEEDED"), child("FAILED")]]]));
    for (const name of ["SUCCEEDED", "FAILED"]) world.stepFunctions.mapParents.set(child(name), parent);
    world.clock.advance(3_600_000);
    expect(await world.reconcile()).toMatchObject({ gaps: 4, failed: 0 });
    expect(world.ledger.only("execution.failed")).toMatchObject({
      attribution: "child",
      parentExecution: parent,
    });

    // The parent began long before the next walk; what it starts meanwhile is found as well.
    world.clock.advance(2 * lookBackMs);
    const later = of(child("later"), "RUNNING", 2 * lookBackMs + 3_000_000);
    world.account.happen([later]);
    world.account.runs.get(parent)?.get("run")?.push(child("later"));
    world.stepFunctions.mapParents.set(child("later"), parent);
    expect(await world.reconcile()).toMatchObject({ gaps: 1, failed: 0 });
  });

  test("whose Map runs can't be listed are tried again in the next run", async () => {
    const world = new ReconcilerWorld();
    const begun = statusEventWith({ executionArn: parent, status: "RUNNING" });
    world.account.happen([begun, of(child("one"), "RUNNING")]);
    world.account.runs.set(parent, new Map([["run", [child("one")]]]));
    world.clock.advance(3_600_000);
    const mapRuns = world.account.mapRuns.bind(world.account);
    world.account.mapRuns = async () => {
      throw new Error("down");
    };
    expect(await world.reconcile()).toMatchObject({ gaps: 1, failed: 2 });
    world.account.mapRuns = mapRuns;
    world.clock.advance(900_000);
    expect(await world.reconcile()).toMatchObject({ gaps: 1, failed: 0 });
  });
});
