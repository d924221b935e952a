import { describe, expect, test } from "vitest";
import { statusEventWith, subject } from "../../test-support/fixtures.ts";
import { GateWorld } from "../../test-support/gate-world.ts";
import { executionArnOf } from "../execution/step-functions.ts";
import { recordStatusEvent } from "../recorder/record-status-event.ts";
import { parseStatusEvent } from "../status-event/status-event.ts";
import { executionName } from "./execution-name.ts";

/** The execution that the world's usual request would have, recorded as started by nobody we know. */
async function recordedAround(world: GateWorld, status: string): Promise<string> {
  const { gateKey, workflows, clock, ledger, executions, revocations } = world.deps();
  const source = { subject, clientId: "payments-app", workflow: "payout", idempotencyKey: "key-1" };
  const machine = workflows.get("payout")?.stateMachineArn ?? "";
  const executionArn = executionArnOf(machine, executionName(source, gateKey));
  const input = '{"amount":1}';
  world.stepFunctions.add({ executionArn, input, status });
  const { startDate } = world.stepFunctions;
  const event = parseStatusEvent(statusEventWith({ executionArn, status, startDate, input }));
  const reader = world.stepFunctions;
  await recordStatusEvent({ workflows, clock, ledger, executions, revocations, reader }, event);
  return executionArn;
}

describe("a name whose execution was recorded before any request had it", () => {
  test.each([
    "RUNNING",
    "SUCCEEDED",
  ])("is refused and reported while that is %s, and stays nobody's", async (status) => {
    const world = new GateWorld();
    const executionArn = await recordedAround(world, status);
    await expect(world.start()).rejects.toMatchObject({ code: "execution.name_taken" });
    await expect(world.start({ input: { other: 1 } })).rejects.toMatchObject({
      code: "execution.name_taken",
    });
    expect(world.ledger.only("finding.raised")).toMatchObject({
      executionArn,
      subject,
      detail: { finding: "execution.name_taken", startedAt: world.stepFunctions.startDate },
    });
    const denials = world.ledger.entries.filter(({ action }) => action === "execution.denied");
    expect(denials.map(({ error }) => error?.code)).toEqual(["execution.name_taken", "execution.name_taken"]);
    expect(world.state).toMatchObject({ attribution: "none", grants: [] });
    expect(world.provider.issued).toEqual([]);
  });

  test("is free once Step Functions has forgotten that execution", async () => {
    const world = new GateWorld();
    const executionArn = await recordedAround(world, "SUCCEEDED");
    world.stepFunctions.executions.delete(executionArn);
    expect(await world.start()).toMatchObject({ created: true, executionArn });
    expect(world.state).toMatchObject({ attribution: "gate", grants: [{ state: "active" }] });
  });
});

test("an earlier request that came to nothing meanwhile is not taken for another request", async () => {
  const world = new GateWorld();
  await world.start();
  const { executions } = world.deps();
  const gone = { ...executions, put: executions.put.bind(executions), get: async () => undefined };
  await expect(world.start({}, { executions: gone })).rejects.toMatchObject({
    code: "execution.start_unresolved",
    retryAfterSeconds: 5,
  });
});
