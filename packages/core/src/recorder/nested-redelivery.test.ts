import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CrashPoint } from "../../test-support/faults.ts";
import { arnOf } from "../../test-support/fixtures.ts";
import {
  child,
  claim,
  type Event,
  eventOf,
  gated,
  grandchild,
  know,
  prove,
  worldWith,
} from "../../test-support/nested-world.ts";
import type { RecorderWorld } from "../../test-support/recorder-world.ts";
import { UnavailableError } from "../error/errors.ts";

describe("events of nested executions, delivered three times and out of order", () => {
  const forged = arnOf("forged");
  const inputs = { [child]: claim(gated), [grandchild]: claim(child), [forged]: claim(gated) };
  const run = fc.record({
    executionArn: fc.constantFrom(...Object.keys(inputs)),
    isSeenRunning: fc.boolean(),
    hasInput: fc.boolean(),
    end: fc.constantFrom(undefined, "SUCCEEDED", "FAILED", "ABORTED"),
  });
  const delivery = fc
    .uniqueArray(run, { minLength: 1, maxLength: 3, selector: ({ executionArn }) => executionArn })
    .chain((runs) => {
      const once = runs.flatMap(({ executionArn, isSeenRunning, hasInput, end }) => {
        const facts = { executionArn, input: hasInput ? (inputs[executionArn] ?? null) : null };
        return [
          ...(isSeenRunning ? [eventOf("RUNNING", facts)] : []),
          ...(end === undefined ? [] : [eventOf(end, facts)]),
        ];
      });
      const thrice = [...once, ...once, ...once];
      return fc.record({
        once: fc.constant(once),
        delivered: fc.shuffledSubarray(thrice, { minLength: thrice.length }),
        provenAfter: fc.nat(12),
        crash: fc.option(fc.record({ at: fc.nat(20), call: fc.nat(8), persisted: fc.boolean() })),
      });
    });

  async function freshWorld(): Promise<RecorderWorld> {
    const world = await worldWith();
    know(world, grandchild, child);
    know(world, forged, gated);
    return world;
  }

  async function isDone(world: RecorderWorld, event: Event, crash?: CrashPoint): Promise<boolean> {
    try {
      return !(await world.deliver(event, crash)).crashed;
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      world.clock.advance(2_000);
      return false;
    }
  }

  /** A queue: what was not possible, or died, comes again, later. */
  async function worldAfter(
    events: readonly Event[],
    provenAfter: number,
    crash: (CrashPoint & { at: number }) | null = null,
  ): Promise<RecorderWorld> {
    const world = await freshWorld();
    const queue = [...events];
    for (let n = 0; queue.length > 0; n += 1) {
      if (n === provenAfter) {
        prove(world);
        prove(world, child, grandchild);
      }
      const event = queue.shift() as Event;
      if (!(await isDone(world, event, n === crash?.at ? crash : undefined))) queue.push(event);
    }
    return world;
  }

  test("leave the same facts and states as each of them once, whenever the proof came, whoever died", async () => {
    await fc.assert(
      fc.asyncProperty(delivery, async ({ once, delivered, provenAfter, crash }) => {
        const expected = await worldAfter(once, 0);
        const world = await worldAfter(delivered, provenAfter, crash);
        expect(world.outcome()).toEqual(expected.outcome());
        expect(world.ledger.entries.filter(({ executionArn }) => executionArn === forged)).toSatisfy(
          (entries: { attribution?: string }[]) => entries.every(({ attribution }) => attribution === "none"),
        );
      }),
      { numRuns: 150 },
    );
  });
});
