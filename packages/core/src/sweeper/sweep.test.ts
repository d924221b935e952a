import { describe, expect, test } from "vitest";
import type { CrashPoint } from "../../test-support/faults.ts";
import { arnOf, grantWith, startDate } from "../../test-support/fixtures.ts";
import { GateWorld } from "../../test-support/gate-world.ts";
import { OutcomeUnknownError, UnavailableError } from "../error/errors.ts";
import type { StartDeps } from "../gate/start-execution.ts";
import { sweep, unresolvedAfterMs } from "./sweep.ts";

const policy = { limits: { startsPerMinute: 9 } };
const lost = new OutcomeUnknownError("store.unavailable", "the answer was lost");

/** A gate that died at a call, some time ago. */
async function afterCrash(crashAt: CrashPoint): Promise<GateWorld> {
  const world = new GateWorld(policy);
  await world.startUnder(crashAt);
  world.clock.advance(unresolvedAfterMs + 1);
  return world;
}

async function gateCrashes(): Promise<CrashPoint[]> {
  const { calls } = await new GateWorld(policy).startUnder();
  return [...calls.keys()].flatMap((call) => [
    { call, persisted: false },
    { call, persisted: true },
  ]);
}

/** What must hold of a start once sweeper and revoker have been through, wherever the gate died. */
function expectResolved(world: GateWorld): void {
  const { state } = world;
  const started = world.stepFunctions.executions.size > 0;
  if (started) {
    expect(world.ledger.actions).toEqual(["execution.authorized"]);
    expect(state).toMatchObject({ open: true, grants: [{ state: "active" }] });
    expect(world.provider.revoked).toEqual([]);
    return;
  }
  if (!state) {
    expect(world.provider.issued).toEqual([]);
    return;
  }
  expect(state.open).toBe(false);
  expect(["revoked", "closed"]).toContain(state.grants[0]?.state);
  expect(world.ledger.only("execution.abandoned").id).toBe(state.grants[0]?.grantId);
  for (const token of world.provider.issued) {
    const known = world.provider.revoked.includes(token);
    expect(known || world.ledger.actions.includes("token.exposure_recorded")).toBe(true);
  }
}

describe("after a gate that died at any call", () => {
  test("a sweep and the revoker bring its start to an end, one way or the other", async () => {
    for (const crash of await gateCrashes()) {
      const world = await afterCrash(crash);
      const { failures } = await world.sweep();
      await world.revoke();
      expect(failures).toEqual([]);
      expectResolved(world);
    }
  });

  test("a sweep that dies as well is finished by the next", async () => {
    for (const crash of await gateCrashes()) {
      const { faults } = await (await afterCrash(crash)).sweep();
      for (const call of faults.calls.keys()) {
        for (const persisted of [false, true]) {
          const world = await afterCrash(crash);
          await world.sweep({ call, persisted });
          const { failures } = await world.sweep();
          await world.revoke();
          expect(failures).toEqual([]);
          expectResolved(world);
        }
      }
    }
  });

  test("two sweeps at once record one fact", async () => {
    for (const crash of await gateCrashes()) {
      const world = await afterCrash(crash);
      const both = await Promise.all([world.sweep(), world.sweep()]);
      await world.revoke();
      expect(both.flatMap(({ failures }) => failures)).toEqual([]);
      expectResolved(world);
    }
  });

  test("nothing is done about a start that may still be on its way", async () => {
    const world = new GateWorld(policy);
    await world.startUnder({ call: 3, persisted: true });
    world.clock.advance(unresolvedAfterMs - 1);
    const before = JSON.stringify(world.state);
    expect((await world.sweep()).report).toMatchObject({ looked: 1, abandoned: 0, completed: 0 });
    expect(JSON.stringify(world.state)).toBe(before);
  });
});

describe("a start whose answer was lost", () => {
  async function withLostAnswer(starts: boolean): Promise<GateWorld> {
    const world = new GateWorld();
    const starter: StartDeps["starter"] = {
      start: async (request) => {
        if (starts) await world.stepFunctions.start(request);
        throw lost;
      },
    };
    await expect(world.start({}, { starter })).rejects.toBe(lost);
    world.clock.advance(unresolvedAfterMs + 1);
    return world;
  }

  test("and that did happen is active, with what only the gate knew", async () => {
    const world = await withLostAnswer(true);
    expect((await world.sweep()).report).toMatchObject({ completed: 1, abandoned: 0 });
    expect(world.state?.grants[0]).toMatchObject({
      state: "active",
      startDate: world.stepFunctions.startDate,
      expiresAt: startDate + 3_600_000,
      fingerprint: expect.any(String),
    });
    expect(await world.start()).toMatchObject({ created: false });
  });

  test("and that did not happen is abandoned, and its token revoked", async () => {
    const world = await withLostAnswer(false);
    expect((await world.sweep()).report).toMatchObject({ completed: 0, abandoned: 1 });
    await world.revoke();
    expect(world.provider.revoked).toEqual(world.provider.issued);
    expect(world.ledger.only("execution.abandoned")).toMatchObject({
      error: { code: "execution.start_unresolved" },
      causedBy: world.ledger.only("execution.authorized").entryId,
    });
    expect((await world.sweep()).report).toMatchObject({ looked: 0 });
  });

  test("while something else runs under its name is reported and abandoned", async () => {
    const world = await withLostAnswer(false);
    world.stepFunctions.add({ executionArn: world.executions.arns[0] ?? "", input: "{}" });
    expect((await world.sweep()).report).toMatchObject({ abandoned: 1 });
    expect(world.ledger.only("finding.raised").detail).toMatchObject({ finding: "execution.name_taken" });
  });
});

describe("an intent to revoke", () => {
  const executionArn = arnOf("e");

  async function worldWith(
    revocation: { at: number; tries: number; gaveUp?: boolean } | undefined,
    expiresAt = startDate + 3_600_000,
  ) {
    const world = new GateWorld();
    const grant = grantWith({ state: "revoking", expiresAt, ...(revocation && { revocation }) });
    const state = { executionArn, workflow: "payout", startDate, redriveCount: 0, status: "FAILED" };
    await world.executions.put({ ...state, attribution: "gate", grants: [grant], open: false, revision: 1 });
    world.clock.advance(30 * 60_000);
    return world;
  }
  const minutesAgo = (minutes: number) => startDate + (30 - minutes) * 60_000;

  test.each([
    ["that nobody heard of", { at: minutesAgo(3), tries: 0 }, 1],
    ["that was hinted just now", { at: minutesAgo(1), tries: 0 }, 0],
    ["that is being tried", { at: minutesAgo(15), tries: 4 }, 0],
    ["whose message was lost between tries", { at: minutesAgo(25), tries: 4 }, 1],
    ["that people were told of", { at: minutesAgo(25), tries: 20, gaveUp: true }, 0],
    ["of before there was a count", undefined, 1],
  ])("%s is hinted accordingly", async (_name, revocation, hints) => {
    const world = await worldWith(revocation);
    expect((await world.sweep()).report).toMatchObject({ hinted: hints });
    expect(world.revocations.hints).toHaveLength(hints);
  });

  test("that was given up ends when its token does", async () => {
    const world = await worldWith({ at: minutesAgo(25), tries: 20, gaveUp: true }, minutesAgo(6));
    await world.sweep();
    await world.revoke();
    expect(world.ledger.actions).toEqual(["token.revocation_requested", "token.expired"]);
    expect(world.executions.peek(executionArn)?.grants).toMatchObject([{ state: "expired" }]);
  });
});

test("an execution that can't be swept keeps none from being swept", async () => {
  const world = new GateWorld();
  for (const key of ["1", "2", "3"]) {
    await expect(
      world.start({ idempotencyKey: key }, { starter: { start: async () => Promise.reject(lost) } }),
    ).rejects.toBe(lost);
  }
  world.clock.advance(unresolvedAfterMs + 1);
  const down = new UnavailableError("store.unavailable", "throttled");
  const [first = ""] = world.executions.arns;
  const failures: unknown[] = [];
  const { clock, ledger, executions, revocations } = world.deps();
  const reader = { describe: async (arn: string) => (arn === first ? Promise.reject(down) : undefined) };
  const deps = {
    clock,
    ledger,
    executions,
    revocations,
    reader,
    lister: world.executions,
    entries: world.ledger,
  };
  const report = await sweep(deps, {
    until: Number.POSITIVE_INFINITY,
    onFailure: (arn, error) => failures.push([arn, error]),
  });
  expect(report).toMatchObject({ completed: 0, abandoned: 2, hinted: 0, failed: 1 });
  expect(failures).toEqual([[first, down]]);
});

test("what is not looked at in time is left to the next sweep", async () => {
  const world = new GateWorld();
  await world.start();
  const { clock, ledger, executions, revocations, reader } = world.deps();
  const deps = {
    clock,
    ledger,
    executions,
    revocations,
    reader,
    lister: world.executions,
    entries: world.ledger,
  };
  const report = await sweep(deps, { until: clock.now(), onFailure: () => undefined });
  expect(report.looked).toBe(0);
});
