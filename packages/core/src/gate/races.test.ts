import fc, { type Scheduler } from "fast-check";
import { describe, expect, test } from "vitest";
import { statusEventWith } from "../../test-support/fixtures.ts";
import { GateWorld } from "../../test-support/gate-world.ts";
import { interleaved } from "../../test-support/interleaving.ts";
import { recordStatusEvent } from "../recorder/record-status-event.ts";
import { revokeGrant } from "../revoker/revoke-grant.ts";
import { parseStatusEvent } from "../status-event/status-event.ts";
import { sweep, unresolvedAfterMs } from "../sweeper/sweep.ts";
import { startDeadlineMs } from "./start-deadline.ts";
import { type StartDeps, type StartRequest, startExecution } from "./start-execution.ts";

/** A world whose ports take turns as the scheduler says. */
class RacingWorld extends GateWorld {
  readonly #scheduler: Scheduler;
  /** Whether the gate has decided to ask Step Functions. */
  hasAsked = false;

  constructor(scheduler: Scheduler, policy?: ConstructorParameters<typeof GateWorld>[0]) {
    super(policy);
    this.#scheduler = scheduler;
  }

  racing(): StartDeps {
    const deps = this.deps();
    const turn = <T extends object>(label: string, port: T) => interleaved(this.#scheduler, label, port);
    return {
      ...deps,
      ledger: turn("ledger", deps.ledger),
      executions: turn("executions", deps.executions),
      blocks: turn("blocks", deps.blocks),
      revocations: turn("revocations", deps.revocations),
      starter: {
        start: (request) => {
          this.hasAsked = true;
          return turn("starter", deps.starter).start(request);
        },
      },
      reader: turn("reader", deps.reader),
      providers: { of: (issuer) => turn("provider", deps.providers.of(issuer)) },
      sealer: { prepare: (context) => turn("seal", deps.sealer.prepare(context)) },
    };
  }

  begin(change: Partial<StartRequest> = {}) {
    return startExecution(this.racing(), this.request(change));
  }

  async beginSweep() {
    const deps = this.racing();
    const reader = deps.reader;
    const failures: unknown[] = [];
    await sweep(
      { ...deps, reader, lister: this.executions, entries: this.ledger },
      { until: Number.POSITIVE_INFINITY, onFailure: (_arn, error) => failures.push(error) },
    );
    return failures;
  }

  /** Revokes whatever is hinted, as it comes. */
  async beginRevoking() {
    const { executions, ledger, providers } = this.racing();
    for (const hint of this.revocations.hints.splice(0)) {
      await revokeGrant(
        {
          clock: this.clock,
          executions,
          ledger,
          entries: this.ledger,
          providers,
          seals: this.seals,
          denials: this.denials,
        },
        hint,
      );
    }
  }

  /** Delivers a status of the execution as soon as there is one. */
  async beginRecording(status: string) {
    const { executions, ledger, revocations, workflows } = this.racing();
    while (this.stepFunctions.executions.size === 0) {
      await this.#scheduler.schedule(Promise.resolve(), `nothing to say of ${status} yet`);
    }
    await this.#scheduler.schedule(Promise.resolve(), `event ${status}`);
    const [executionArn = ""] = this.stepFunctions.executions.keys();
    const input = this.stepFunctions.inputs.at(-1) ?? "{}";
    const event = statusEventWith({ executionArn, status, startDate: this.stepFunctions.startDate, input });
    await recordStatusEvent(
      { clock: this.clock, executions, ledger, revocations, workflows, reader: this.stepFunctions },
      parseStatusEvent(event),
    );
  }
}

async function race<T extends readonly unknown[]>(
  scheduler: Scheduler,
  runs: { [K in keyof T]: Promise<T[K]> },
): Promise<{ [K in keyof T]: PromiseSettledResult<T[K]> }> {
  const all = Promise.allSettled(runs);
  await scheduler.waitFor(all);
  return all as Promise<{ [K in keyof T]: PromiseSettledResult<T[K]> }>;
}

const schedules = (run: (scheduler: Scheduler) => Promise<void>, numRuns = 150) =>
  fc.assert(fc.asyncProperty(fc.scheduler(), run), { numRuns });

describe("two gates with one key", () => {
  test("start one execution for one request, by one grant", async () => {
    await schedules(async (scheduler) => {
      const world = new RacingWorld(scheduler);
      const results = await race(scheduler, [world.begin(), world.begin()]);
      const created = results.filter((one) => one.status === "fulfilled" && one.value.created);
      expect(created).toHaveLength(1);
      for (const one of results) {
        if (one.status === "rejected")
          expect(one.reason).toMatchObject({ code: "execution.start_unresolved" });
      }
      expect(world.stepFunctions.executions.size).toBe(1);
      expect(world.provider.issued).toHaveLength(1);
      expect(world.state?.grants).toMatchObject([{ state: "active", expiresAt: expect.any(Number) }]);
    });
  });

  test("start one of two different requests, and call the other a conflict", async () => {
    await schedules(async (scheduler) => {
      const world = new RacingWorld(scheduler);
      const results = await race(scheduler, [
        world.begin({ input: { amount: 1 } }),
        world.begin({ input: { amount: 2 } }),
      ]);
      const refused = results.filter(({ status }) => status === "rejected");
      expect(refused).toMatchObject([{ reason: { code: "execution.conflict" } }]);
      expect(world.stepFunctions.executions.size).toBe(1);
      expect(world.ledger.actions.filter((action) => action === "execution.authorized")).toHaveLength(1);
    });
  });
});

describe("a block against a start", () => {
  test("that is durable before the gate looks stops it, whatever else goes on", async () => {
    await schedules(async (scheduler) => {
      const world = new RacingWorld(scheduler);
      let lookedBeforeBlock = false;
      const blocked = scheduler.schedule(Promise.resolve(), "block").then(() => {
        lookedBeforeBlock = looks > 0;
        world.blocks.blocked = "subject";
      });
      let looks = 0;
      const find = world.blocks.find.bind(world.blocks);
      world.blocks.find = async (query) => {
        looks += 1;
        return find(query);
      };
      const [start] = await race(scheduler, [world.begin(), blocked]);
      if (lookedBeforeBlock) {
        expect(start.status).toBe("fulfilled");
        return;
      }
      expect(start).toMatchObject({ status: "rejected", reason: { code: "policy.subject_blocked" } });
      expect(world.stepFunctions.executions.size).toBe(0);
      await world.revoke();
      expect(world.provider.revoked).toEqual(world.provider.issued);
    });
  });
});

describe("a failure against the gate that still says the grant is active", () => {
  test("leaves the grant to be revoked, in every order", async () => {
    await schedules(async (scheduler) => {
      const world = new RacingWorld(scheduler);
      const results = await race(scheduler, [
        world.begin(),
        world.beginRecording("FAILED"),
        world.beginRecording("RUNNING"),
      ]);
      for (const one of results) expect(one.status).toBe("fulfilled");
      expect(world.state).toMatchObject({ open: false, grants: [{ state: "revoking" }] });
      await world.revoke();
      expect(world.provider.revoked).toEqual(world.provider.issued);
    });
  });
});

describe("sweepers against each other, the revoker, and a gate that was frozen", () => {
  test("two sweepers and the revoker bring an unanswered start to one end", async () => {
    await schedules(async (scheduler) => {
      const world = new RacingWorld(scheduler);
      const { calls } = await new GateWorld().startUnder();
      await world.startUnder({ call: calls.indexOf("starter.start"), persisted: false });
      world.clock.advance(unresolvedAfterMs + 1);
      const results = await race(scheduler, [world.beginSweep(), world.beginSweep(), world.beginRevoking()]);
      for (const one of results) expect(one.status).toBe("fulfilled");
      expect(results.slice(0, 2).flatMap((one) => (one.status === "fulfilled" ? one.value : []))).toEqual([]);
      await world.revoke();
      expect(world.state).toMatchObject({ open: false, grants: [{ state: "revoked" }] });
      expect(world.ledger.only("execution.abandoned")).toBeDefined();
      expect(world.provider.revoked).toEqual(world.provider.issued);
    });
  });

  test("a grant that was abandoned is never active again, nor is its token left alive", async () => {
    await schedules(async (scheduler) => {
      const world = new RacingWorld(scheduler);
      const frozen = scheduler.schedule(Promise.resolve(), "freeze").then(async () => {
        world.clock.advance(unresolvedAfterMs + 1);
        await world.beginSweep();
      });
      await race(scheduler, [world.begin(), frozen]);
      await world.sweep();
      await world.revoke();
      const [grant] = world.state?.grants ?? [];
      const abandoned = world.ledger.actions.includes("execution.abandoned");
      if (!abandoned) return;
      expect(grant?.state).not.toBe("active");
      expect(grant?.state).not.toBe("authorizing");
      for (const token of world.provider.issued) {
        const isDead = world.provider.revoked.includes(token);
        expect(isDead || world.ledger.actions.includes("token.exposure_recorded")).toBe(true);
      }
    });
  });

  test("a gate that wakes up after its deadline asks for no start", async () => {
    await schedules(async (scheduler) => {
      const world = new RacingWorld(scheduler);
      let isLate = false;
      const late = scheduler.schedule(Promise.resolve(), "late").then(() => {
        isLate = !world.hasAsked;
        world.clock.advance(startDeadlineMs + 1);
      });
      const [start] = await race(scheduler, [world.begin(), late]);
      expect(start.status).toBe(isLate ? "rejected" : "fulfilled");
      expect(world.stepFunctions.executions.size).toBe(isLate ? 0 : 1);
      expect(world.ledger.actions.includes("execution.abandoned")).toBe(isLate);
    });
  });
});
