import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MemoryClock } from "../../test-support/memory-clock.ts";
import { MemoryLedger } from "../../test-support/memory-ledger.ts";
import { MemoryRefusals } from "../../test-support/memory-refusals.ts";
import type { Entry } from "../entry/entry.ts";
import { OutcomeUnknownError, UnavailableError } from "../error/errors.ts";
import { createRefusalCount, maxPairs, otherSources, type RefusalCount } from "./count-refusals.ts";
import { recordRefusals, refusalGraceMs } from "./record-refusals.ts";
import { minuteMs, type RefusalCounters } from "./refusal-counters.ts";

class World {
  readonly clock = new MemoryClock(Date.UTC(2026, 0, 15, 12));
  readonly refusals = new MemoryRefusals();
  readonly ledger = new MemoryLedger(this.clock);
  readonly failures: { error: unknown; count: number }[] = [];

  instance(counters: RefusalCounters = this.refusals): RefusalCount {
    const onFailure = (error: unknown, { count }: { count: number }) => {
      this.failures.push({ error, count });
    };
    return createRefusalCount({ clock: this.clock, counters, onFailure });
  }

  async refuse(instance: RefusalCount, times: number, prefix = "192.0.2.0/24", reason = "token.malformed") {
    for (let done = 0; done < times; done += 1) await instance.count(reason, prefix);
  }

  async sweep(): Promise<void> {
    const onFailure = (_key: unknown, error: unknown) => {
      throw error;
    };
    await recordRefusals(this, { until: Number.POSITIVE_INFINITY, onFailure });
  }

  /** Everything counted by now in the ledger. */
  async recorded(...instances: RefusalCount[]): Promise<readonly Entry[]> {
    this.clock.advance(minuteMs + refusalGraceMs);
    for (const instance of instances) await instance.settle();
    await this.sweep();
    return this.ledger.entries;
  }
}

const countOf = (entry: Entry) => Number(entry.detail?.["count"]);
const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

describe("refusals", () => {
  test("of one source in a minute are one entry that names no subject", async () => {
    const world = new World();
    const instance = world.instance();
    await world.refuse(instance, 200);
    const entries = await world.recorded(instance);
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({
      action: "request.refused",
      outcome: "denied",
      source: "api",
      occurredAt: Date.UTC(2026, 0, 15, 12),
      detail: {
        minute: Date.UTC(2026, 0, 15, 12),
        reason: "token.malformed",
        sourcePrefix: "192.0.2.0/24",
        count: 200,
        isAtLeast: true,
      },
    });
    expect(entries[0]).not.toHaveProperty("subject");
    expect(entries[0]).not.toHaveProperty("personal");
  });

  test("cost a write when their number is a power of two, and one for the rest", async () => {
    const world = new World();
    const instance = world.instance();
    const writes = [];
    for (let refused = 1; refused <= 17; refused += 1) {
      await world.refuse(instance, 1);
      writes.push(world.refusals.writes);
    }
    expect(writes).toEqual([1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5]);
    world.clock.advance(minuteMs);
    await instance.settle();
    await instance.settle();
    expect(world.refusals.writes).toBe(6);
  });

  test("of a minute are known by half at once, and the rest with the next refusal of another minute", async () => {
    const world = new World();
    const instance = world.instance();
    await world.refuse(instance, 7);
    world.clock.advance(minuteMs);
    await world.refuse(instance, 1);
    const entries = await world.recorded();
    expect(entries.map(countOf)).toEqual([7, 1]);
  });

  test("of an instance that ended are counted too low, never too high", async () => {
    const world = new World();
    await world.refuse(world.instance(), 100);
    expect((await world.recorded()).map(countOf)).toEqual([64]);
  });

  test("of more sources than an instance keeps apart are counted as of others", async () => {
    const world = new World();
    const instance = world.instance();
    for (let net = 0; net < maxPairs + 36; net += 1) await world.refuse(instance, 1, `10.0.${net}.0/24`);
    await world.refuse(instance, 1, "10.0.0.0/24");
    const entries = await world.recorded(instance);
    expect(entries).toHaveLength(maxPairs + 1);
    const counts = new Map(entries.map((entry) => [entry.detail?.["sourcePrefix"], countOf(entry)]));
    expect(counts.get(otherSources)).toBe(36);
    expect(counts.get("10.0.0.0/24")).toBe(2);
  });

  test("at once in one instance are each counted once", async () => {
    const world = new World();
    const instance = world.instance();
    await Promise.all(Array.from({ length: 50 }, () => instance.count("token.missing", "unknown")));
    expect((await world.recorded(instance)).map(countOf)).toEqual([50]);
  });

  test("over any instances and minutes are each counted once, for a logarithm of writes", async () => {
    const refusal = fc.record({
      instance: fc.nat(2),
      prefix: fc.constantFrom("192.0.2.0/24", "198.51.100.0/24", "2001:db8:0::/48", "unknown"),
      reason: fc.constantFrom("token.missing", "token.malformed"),
      times: fc.integer({ min: 1, max: 40 }),
      pause: fc.constantFrom(0, 0, 0, 1_000, minuteMs, 4 * minuteMs),
      sweep: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(refusal, { maxLength: 30 }), async (refusals) => {
        const world = new World();
        const instances = [world.instance(), world.instance(), world.instance()];
        const groups = new Map<string, number>();
        for (const { instance, prefix, reason, times, pause, sweep } of refusals) {
          const minute = Math.floor(world.clock.now() / minuteMs);
          await world.refuse(instances[instance] ?? world.instance(), times, prefix, reason);
          const group = JSON.stringify([minute, instance, prefix, reason]);
          groups.set(group, (groups.get(group) ?? 0) + times);
          world.clock.advance(pause);
          if (sweep) await world.sweep();
        }
        const { writes } = world.refusals;
        const entries = await world.recorded(...instances);
        expect(sum(entries.map(countOf))).toBe(sum([...groups.values()]));
        expect(world.refusals.size).toBe(0);
        const allowed = [...groups.values()].map((count) => Math.floor(Math.log2(count)) + 2);
        expect(writes).toBeLessThanOrEqual(sum(allowed));
      }),
    );
  });
});

describe("a write that fails", () => {
  /** Fails in its first tries, having added or not. */
  function failing(world: World, tries: number, error: Error, isAdded: boolean): RefusalCounters {
    let failed = 0;
    return {
      async add(key, count) {
        failed += 1;
        if (failed > tries) return world.refusals.add(key, count);
        if (isAdded) await world.refusals.add(key, count);
        throw error;
      },
    };
  }

  test("is told of and made up for, when it is known to have added nothing", async () => {
    const world = new World();
    const error = new UnavailableError("store.unavailable", "throttled");
    const instance = world.instance(failing(world, 3, error, false));
    await world.refuse(instance, 9);
    expect(world.failures).toEqual([1, 2, 4].map((count) => ({ error, count })));
    expect((await world.recorded(instance)).map(countOf)).toEqual([9]);
  });

  test.each([true, false])("is not made up for when it may have added (it did: %s)", async (isAdded) => {
    const world = new World();
    const lost = new OutcomeUnknownError("store.unavailable", "no answer");
    const instance = world.instance(failing(world, 3, lost, isAdded));
    await world.refuse(instance, 9);
    expect((await world.recorded(instance)).map(countOf)).toEqual([isAdded ? 9 : 5]);
  });
});
