import { expect, test } from "vitest";
import { Crash, Faults } from "../../test-support/faults.ts";
import { arnOf, grantWith, startDate, tokenWith, workflowsWith } from "../../test-support/fixtures.ts";
import { MemoryClock } from "../../test-support/memory-clock.ts";
import { MemoryExecutionStore } from "../../test-support/memory-execution-store.ts";
import { MemoryLedger } from "../../test-support/memory-ledger.ts";
import { MemoryStepFunctions } from "../../test-support/memory-step-functions.ts";
import { stopExecution } from "./operate-execution.ts";

const executionArn = arnOf("e");

class World {
  readonly clock = new MemoryClock(startDate + 1_000);
  readonly ledger = new MemoryLedger(this.clock);
  readonly executions = new MemoryExecutionStore();
  readonly stepFunctions = new MemoryStepFunctions(startDate);

  static async running(): Promise<World> {
    const world = new World();
    world.stepFunctions.add({ executionArn });
    const state = { executionArn, workflow: "payout", startDate, redriveCount: 0, status: "RUNNING" };
    const own = { attribution: "gate" as const, grants: [grantWith()], open: true, revision: 1 };
    await world.executions.put({ ...state, ...own });
    return world;
  }

  stop(faults = new Faults()) {
    const deps = {
      clock: this.clock,
      workflows: workflowsWith(),
      executions: faults.watch("executions", this.executions),
      reader: faults.watch("reader", this.stepFunctions),
      stopper: faults.watch("stopper", this.stepFunctions),
      ledger: faults.watch("ledger", this.ledger),
    };
    return stopExecution(deps, { executionArn, token: tokenWith(), reason: "wrong amount" });
  }

  get status() {
    return this.stepFunctions.executions.get(executionArn)?.status;
  }
}

test("a stop that dies at any point has not stopped anything off the record, and is done when it is asked for again", async () => {
  const whole = new Faults();
  await (await World.running()).stop(whole);
  expect(whole.calls).toEqual(["executions.get", "reader.describe", "ledger.append", "stopper.stop"]);
  for (const call of whole.calls.keys()) {
    for (const persisted of [false, true]) {
      const world = await World.running();
      await expect(world.stop(new Faults({ call, persisted }))).rejects.toBeInstanceOf(Crash);
      if (world.status === "ABORTED") expect(world.ledger.actions).toEqual(["execution.stop_requested"]);
      await world.stop();
      expect(world.status).toBe("ABORTED");
      expect(new Set(world.ledger.entries.map(({ outcome }) => outcome))).toEqual(new Set(["success"]));
    }
  }
});

test("stops at the same time are both on the record and both succeed", async () => {
  const world = await World.running();
  const slow = new Faults(undefined, "ledger.append");
  const [one, other] = await Promise.all([world.stop(slow), world.stop()]);
  expect(one.requestId).not.toBe(other.requestId);
  expect(world.ledger.entries.map(({ id, outcome }) => [id, outcome]).sort()).toEqual(
    [
      [one.requestId, "success"],
      [other.requestId, "success"],
    ].sort(),
  );
});
