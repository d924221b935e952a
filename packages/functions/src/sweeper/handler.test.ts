import type { Context } from "aws-lambda";
import { expect, test } from "vitest";
import { GateWorld } from "../../../core/test-support/gate-world.ts";
import { MemoryRefusals } from "../../../core/test-support/memory-refusals.ts";
import { MemorySubjects } from "../../../core/test-support/memory-subjects.ts";
import { MemoryLog } from "../../test-support/api.ts";
import { type SweeperDeps, sweeperHandler } from "./handler.ts";

const key = { minute: 0, reason: "token.missing", sourcePrefix: "192.0.2.0/24" };

class Sweeper {
  readonly world = new GateWorld();
  readonly refusals = new MemoryRefusals();
  readonly log = new MemoryLog();
  readonly subjects = new MemorySubjects();

  run(remainingMs = 20_000, change: Partial<SweeperDeps> = {}) {
    const { world, refusals, log, subjects } = this;
    const { clock, ledger, executions, revocations, reader } = world.deps();
    const deps = {
      clock,
      ledger,
      executions,
      revocations,
      reader,
      refusals,
      log,
      destroyer: subjects,
      erasures: subjects,
    };
    const handler = sweeperHandler({ ...deps, lister: world.executions, entries: world.ledger, ...change });
    return handler({}, { getRemainingTimeInMillis: () => remainingMs } as Context);
  }
}

test("a sweep records what was refused, beside the executions it looks at", async () => {
  const sweeper = new Sweeper();
  await sweeper.world.start();
  await sweeper.refusals.add(key, 3);
  expect(await sweeper.run()).toMatchObject({ looked: 1, refusals: { recorded: 1, failed: 0 } });
  expect(sweeper.world.ledger.actions).toEqual(["execution.authorized", "request.refused"]);
});

test("a sweep without time left looks at nothing", async () => {
  const sweeper = new Sweeper();
  await sweeper.world.start();
  await sweeper.refusals.add(key, 3);
  const report = await sweeper.run(5_000);
  expect(report).toMatchObject({ looked: 0, refusals: { recorded: 0, failed: 0 } });
});

test("refusals that can't be recorded are logged, and are there for the next sweep", async () => {
  const sweeper = new Sweeper();
  await sweeper.refusals.add(key, 3);
  const down = new Error("down");
  const append = async () => {
    throw down;
  };
  expect(await sweeper.run(20_000, { ledger: { append } })).toMatchObject({ refusals: { failed: 1 } });
  expect(sweeper.log.errors).toMatchObject([{ message: "refusals could not be recorded", error: down }]);
  expect(await sweeper.run()).toMatchObject({ refusals: { recorded: 1 } });
});

test("a sweep finishes an erasure that was left, and logs the one it can't finish", async () => {
  const sweeper = new Sweeper();
  const ada = { iss: "https://issuer.example", sub: "ada" };
  sweeper.subjects.giveKey(ada);
  const entry = {
    action: "subject.erased",
    outcome: "success",
    source: "api",
    id: "e1",
    occurredAt: 1,
  } as const;
  await sweeper.subjects.put({ id: "e1", entry, records: await sweeper.subjects.find(ada) });
  const down = new Error("down");
  const destroy = async () => {
    throw down;
  };
  const failed = await sweeper.run(20_000, { destroyer: { destroy } });
  expect(failed).toMatchObject({ erasures: { finished: 0, failed: 1 } });
  expect(sweeper.log.errors).toMatchObject([
    { message: "an erasure could not be finished", error: down, erasureId: "e1" },
  ]);
  expect(sweeper.subjects.hasKey(ada)).toBe(true);
  expect(await sweeper.run()).toMatchObject({ erasures: { finished: 1, failed: 0 } });
  expect(sweeper.subjects.hasKey(ada)).toBe(false);
  expect(sweeper.world.ledger.actions).toEqual(["subject.erased"]);
});
