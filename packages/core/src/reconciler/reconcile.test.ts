import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Faults } from "../../test-support/faults.ts";
import { arnOf, grantWith, jwtLike, startDate, statusEventWith } from "../../test-support/fixtures.ts";
import { interleaved } from "../../test-support/interleaving.ts";
import { graceMs, ReconcilerWorld } from "../../test-support/reconciler-world.ts";
import {
  type Event,
  factsOf,
  type Scenario,
  scenarioOf,
  stories,
  worldAfter,
  worldOf,
} from "../../test-support/scenario.ts";
import { recordStatusEvent } from "../recorder/record-status-event.ts";
import { parseStatusEvent } from "../status-event/status-event.ts";
import { reconcile } from "./reconcile.ts";

const someStories = fc.array(stories, { minLength: 1, maxLength: 8 });

/** What happened, and which of its events got lost. */
const losses = someStories.map(scenarioOf).chain((scenario) =>
  fc.record({
    scenario: fc.constant(scenario),
    lost: fc.subarray([...scenario.events]),
  }),
);

async function afterLoss(scenario: Scenario, lost: readonly Event[]): Promise<ReconcilerWorld> {
  return worldAfter(
    scenario,
    scenario.events.filter((event) => !lost.includes(event)),
  );
}

describe("after one reconcile", () => {
  test("facts and states are those with no event lost, and each lost one is noted as a gap, once", async () => {
    await fc.assert(
      fc.asyncProperty(losses, async ({ scenario, lost }) => {
        const expected = await worldAfter(scenario, scenario.events);
        const world = await afterLoss(scenario, lost);
        expect(await world.reconcile()).toMatchObject({ gaps: lost.length, failed: 0, isComplete: true });
        expect(world.facts()).toEqual(expected.facts());
        expect(world.gaps).toEqual(factsOf(lost));
        expect(await world.reconcile()).toMatchObject({ gaps: 0, recorded: 0 });
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    ["one event in twenty", 20],
    ["every event", 1],
  ])("so it is when %s of 300 executions got lost", async (_what, one) => {
    const scenario = scenarioOf(fc.sample(stories, { numRuns: 300, seed: 42 }));
    const lost = scenario.events.filter((_, index) => index % one === 0);
    const expected = await worldAfter(scenario, scenario.events);
    const world = await afterLoss(scenario, lost);
    await world.reconcile();
    expect(world.facts()).toEqual(expected.facts());
    expect(world.gaps).toEqual(factsOf(lost));
    expect(world.failures).toEqual([]);
  });

  test("a failure that nobody saw is being revoked", async () => {
    const scenario = scenarioOf([{ isGated: true, earlierEnds: [], end: "TIMED_OUT" }]);
    const world = await worldOf(scenario);
    await world.reconcile();
    expect(world.executions.peek(arnOf("run-0"))?.grants[0]?.state).toBe("revoking");
    expect(world.revocations.hints).toMatchObject([{ executionArn: arnOf("run-0") }]);
    expect(world.ledger.only("execution.timed_out")).toMatchObject({
      source: "reconcile",
      attribution: "gate",
    });
  });

  test("a token in the input of an execution nobody saw is reported, and kept nowhere", async () => {
    const world = new ReconcilerWorld();
    const input = JSON.stringify({ bearer: jwtLike("unseen") });
    const of = { executionArn: arnOf("leaky"), input };
    world.account.happen(["RUNNING", "FAILED"].map((status) => statusEventWith({ ...of, status })));
    world.clock.advance(3_600_000);
    await world.reconcile();
    const found = world.ledger.entries.filter(({ action }) => action === "token.found_in_data");
    expect(found.map(({ id }) => id).sort()).toEqual(["FAILED", "RUNNING"]);
    const kept = JSON.stringify([world.ledger.entries, world.executions.text, [...world.progress.of]]);
    expect(kept).not.toContain("eyJ");
  });

  test("a gap says which status was missed, and how late it was found", async () => {
    const world = await worldOf(scenarioOf([{ isGated: false, earlierEnds: [], end: undefined }]));
    await world.reconcile();
    const started = world.ledger.only("execution.started");
    expect(started).toMatchObject({ attribution: "none", source: "reconcile" });
    expect(world.ledger.only("gap.found")).toMatchObject({
      outcome: "unknown",
      source: "reconcile",
      workflow: "payout",
      causedBy: started.entryId,
      detail: { status: "RUNNING", gap: { lateMs: world.clock.now() - startDate } },
    });
  });
});

describe("a reconciler", () => {
  test("beside another one and events that come late leaves the facts as they would be anyway", async () => {
    await fc.assert(
      fc.asyncProperty(losses, fc.scheduler(), async ({ scenario, lost }, scheduler) => {
        const expected = await worldAfter(scenario, scenario.events);
        const world = await afterLoss(scenario, lost);
        const [late, never] = [
          lost.filter((_, index) => index % 2 === 0),
          lost.filter((_, index) => index % 2 === 1),
        ];
        const deps = (name: string) => {
          const plain = world.reconcilerDeps();
          const slow = <T extends object>(label: string, port: T) =>
            interleaved(scheduler, `${name} ${label}`, port);
          const [facts, account] = [slow("facts", plain.facts), slow("account", plain.account)];
          return {
            ...plain,
            ledger: slow("ledger", plain.ledger),
            executions: slow("executions", plain.executions),
            facts,
            account,
          };
        };
        const options = {
          until: Number.POSITIVE_INFINITY,
          onFailure: (_arn: string, error: unknown) => world.failures.push(error),
        };
        const done = Promise.all([
          reconcile(deps("one"), options),
          reconcile(deps("other"), options),
          ...late.map((event, index) => recordStatusEvent(deps(`event ${index}`), parseStatusEvent(event))),
        ]);
        await scheduler.waitFor(done);
        expect(world.failures).toEqual([]);
        expect(world.facts()).toEqual(expected.facts());
        expect(new Set(world.gaps).size).toBe(world.gaps.length);
        expect(factsOf(lost)).toEqual(expect.arrayContaining(world.gaps));
        expect(world.gaps).toEqual(expect.arrayContaining(factsOf(never)));
      }),
      { numRuns: 60 },
    );
  });

  test("that dies at any call, before or after it took effect, is finished by the next", async () => {
    const scenario = scenarioOf([
      { isGated: true, earlierEnds: ["FAILED"], end: "ABORTED" },
      { isGated: false, earlierEnds: [], end: "SUCCEEDED" },
    ]);
    const lost = scenario.events.filter((_, index) => index !== 1);
    const expected = await worldAfter(scenario, scenario.events);
    const whole = new Faults();
    await (await afterLoss(scenario, lost)).reconcile(whole);
    expect(whole.calls.length).toBeGreaterThan(20);
    for (const call of whole.calls.keys()) {
      for (const persisted of [false, true]) {
        const world = await afterLoss(scenario, lost);
        const faults = new Faults({ call, persisted });
        await world.reconcile(faults).catch(() => undefined);
        expect(faults.crashed).toBe(true);
        world.clock.advance(1_000);
        await world.reconcile();
        expect(world.facts()).toEqual(expected.facts());
        expect(world.gaps).toEqual(factsOf(lost));
      }
    }
  });

  test("leaves an event its grace: what is younger is neither recorded nor a gap, and found later", async () => {
    const scenario = scenarioOf([{ isGated: false, earlierEnds: [], end: "FAILED" }]);
    const world = new ReconcilerWorld();
    world.account.happen(scenario.events);
    // The start is past its grace, the end five seconds later is not.
    world.clock.advance(startDate + graceMs + 2_000 - world.clock.now());
    await world.reconcile();
    expect(world.ledger.actions).toEqual(["gap.found", "execution.started"]);
    world.clock.advance(10_000);
    await world.reconcile();
    expect(world.ledger.actions).toContain("execution.failed");
    expect(world.gaps).toEqual(factsOf(scenario.events));
  });

  test("finds the unseen end of an execution that began months ago", async () => {
    const world = new ReconcilerWorld();
    const of = { executionArn: arnOf("old"), startDate: startDate - 100 * 86_400_000 };
    const running = statusEventWith({ ...of, status: "RUNNING" });
    await world.hold(of.executionArn, [grantWith({ startDate: of.startDate })]);
    await world.deliver(running);
    world.account.happen([running]);
    await world.reconcile();
    world.account.happen([statusEventWith({ ...of, status: "ABORTED" })]);
    world.clock.advance(600_000);
    expect(await world.reconcile()).toMatchObject({ gaps: 1, recorded: 1 });
    expect(world.executions.peek(of.executionArn)).toMatchObject({ status: "ABORTED", open: false });
    expect(world.executions.peek(of.executionArn)?.grants[0]?.state).toBe("revoking");
  });

  test("finds that an execution of long ago was redriven while it runs", async () => {
    const world = new ReconcilerWorld();
    const of = { executionArn: arnOf("old"), startDate: startDate - 100 * 86_400_000 };
    const past = ["RUNNING", "FAILED"].map((status) => statusEventWith({ ...of, status }));
    for (const event of past) await world.deliver(event);
    world.account.happen([...past, statusEventWith({ ...of, status: "RUNNING", redriveCount: 1 })]);
    await world.reconcile();
    expect(world.ledger.only("execution.redriven")).toMatchObject({ source: "reconcile", redriveCount: 1 });
    expect(world.gaps).toHaveLength(1);
  });

  test("does not ask about what it sees running, and looks at what is covered no more", async () => {
    const told = Array.from({ length: 5 }, () => ({ isGated: true, earlierEnds: [], end: undefined }));
    const scenario = scenarioOf(told);
    const world = await worldAfter(scenario, scenario.events);
    expect(await world.reconcile()).toMatchObject({ compared: 5, described: 0 });
    world.clock.advance(3_600_000);
    expect(await world.reconcile()).toMatchObject({ compared: 0, described: 0 });
  });

  test("notes once that an open execution is not known any more", async () => {
    const scenario = scenarioOf([{ isGated: true, earlierEnds: [], end: undefined }]);
    const world = await worldAfter(scenario, scenario.events);
    world.account.forget(arnOf("run-0"));
    expect(await world.reconcile()).toMatchObject({ forgotten: 1, failed: 0 });
    expect(await world.reconcile()).toMatchObject({ forgotten: 0, failed: 0 });
    expect(world.ledger.only("gap.found")).toMatchObject({ id: "END", detail: { status: "UNKNOWN" } });
    expect(world.executions.peek(arnOf("run-0"))?.open).toBe(true);
  });

  test("leaves a start that has no outcome yet to the sweeper", async () => {
    const world = new ReconcilerWorld();
    const { startDate: _startDate, ...intended } = grantWith({ state: "authorizing" });
    await world.hold(arnOf("intended"), [intended]);
    world.clock.advance(3_600_000);
    await world.reconcile();
    expect(world.account.calls).not.toContain("details");
    expect(world.ledger.entries).toEqual([]);
  });

  test("brings a state up to an entry whose recorder died, and notes no gap", async () => {
    const scenario = scenarioOf([{ isGated: true, earlierEnds: [], end: "FAILED" }]);
    const world = await worldOf(scenario);
    const [started, failed] = scenario.events as [Event, Event];
    await world.deliver(started);
    const { calls } = await (await worldOf(scenario)).deliver(failed);
    await world.deliver(failed, { call: calls.indexOf("executions.put"), persisted: false });
    expect(world.executions.peek(arnOf("run-0"))?.status).toBe("RUNNING");
    expect(await world.reconcile()).toMatchObject({ gaps: 0, recorded: 1 });
    expect(world.executions.peek(arnOf("run-0"))?.grants[0]?.state).toBe("revoking");
    expect(world.gaps).toEqual([]);
  });
});
