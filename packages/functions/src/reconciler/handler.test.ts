import type { Context } from "aws-lambda";
import { expect, test } from "vitest";
import { ReconcilerWorld } from "../../../core/test-support/reconciler-world.ts";
import { scenarioOf, worldOf } from "../../../core/test-support/scenario.ts";
import { MemoryLog } from "../../test-support/api.ts";
import { reconcilerHandler } from "./handler.ts";

class InfoLog extends MemoryLog {
  readonly infos: { message: string; fields: Record<string, unknown> }[] = [];

  info(message: string, fields: Record<string, unknown>): void {
    this.infos.push({ message, fields });
  }
}

async function run(world: ReconcilerWorld, log: InfoLog, remainingMs = 300_000) {
  const handle = reconcilerHandler({ ...world.reconcilerDeps(), log });
  return handle({}, { getRemainingTimeInMillis: () => remainingMs } as Context);
}

const unseen = scenarioOf([{ isGated: true, earlierEnds: [], end: "FAILED" }]);

test("a run that finds gaps warns of how many, one that finds none does not", async () => {
  const world = await worldOf(unseen);
  const log = new InfoLog();
  const report = await run(world, log);
  expect(report).toMatchObject({ gaps: 2, recorded: 2, failed: 0, isComplete: true });
  expect(log.warnings).toEqual([{ message: "reconciled", fields: { ...report } }]);
  await run(world, log);
  expect(log.warnings).toHaveLength(1);
  expect(log.infos).toMatchObject([{ message: "reconciled", fields: { gaps: 0 } }]);
});

test("an execution that can't be asked about is logged by its ARN", async () => {
  const world = await worldOf(unseen);
  const log = new InfoLog();
  const down = new Error("down");
  world.account.details = async () => {
    throw down;
  };
  expect(await run(world, log)).toMatchObject({ failed: 1, gaps: 0 });
  expect(log.errors).toMatchObject([
    { message: "could not be reconciled", error: down, arn: unseen.events[0]?.detail.executionArn },
  ]);
  expect(log.warnings).toMatchObject([{ fields: { failed: 1 } }]);
});

test("a run without time left looks at nothing, and says that it is not complete", async () => {
  const world = await worldOf(unseen);
  expect(await run(world, new InfoLog(), 4_000)).toMatchObject({ compared: 0, isComplete: false });
  expect(world.ledger.entries).toEqual([]);
});

test("a world in which nothing happened is in order", async () => {
  const log = new InfoLog();
  expect(await run(new ReconcilerWorld(), log)).toMatchObject({ compared: 0, isComplete: true });
  expect(log.warnings).toEqual([]);
});
