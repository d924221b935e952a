import { expect, test } from "vitest";
import { type CrashPoint, Faults } from "../../test-support/faults.ts";
import { MemoryClock } from "../../test-support/memory-clock.ts";
import { MemoryLedger } from "../../test-support/memory-ledger.ts";
import { MemoryRefusals } from "../../test-support/memory-refusals.ts";
import { indexKeys } from "../ledger/index-keys.ts";
import { recordRefusals, refusalGraceMs } from "./record-refusals.ts";
import { minuteMs } from "./refusal-counters.ts";

const minute = Date.UTC(2026, 0, 15, 12);
const key = { minute, reason: "token.missing", sourcePrefix: "192.0.2.0/24" };

class World {
  readonly clock = new MemoryClock(minute + minuteMs + refusalGraceMs);
  readonly refusals = new MemoryRefusals();
  readonly ledger = new MemoryLedger(this.clock);

  async sweep(crashAt?: CrashPoint, until = Number.POSITIVE_INFINITY) {
    const faults = new Faults(crashAt);
    const { refusals } = this;
    const { close, remove } = faults.watch("refusals", refusals);
    const deps = {
      clock: this.clock,
      refusals: { list: () => refusals.list(), close, remove },
      ledger: faults.watch("ledger", this.ledger),
    };
    const failures: unknown[] = [];
    const onFailure = (_key: unknown, error: unknown) => failures.push(error);
    const report = await recordRefusals(deps, { until, onFailure });
    return { report, failures, calls: faults.calls };
  }

  get counts() {
    return this.ledger.entries.map(({ detail }) => detail?.["count"]);
  }
}

test("a count is recorded from the end of the grace on, and not before", async () => {
  const world = new World();
  await world.refusals.add(key, 5);
  world.clock.advance(-1);
  expect((await world.sweep()).report).toEqual({ recorded: 0, failed: 0 });
  world.clock.advance(1);
  expect((await world.sweep()).report).toEqual({ recorded: 1, failed: 0 });
  expect((await world.sweep()).report).toEqual({ recorded: 0, failed: 0 });
  expect(world.counts).toEqual([5]);
});

test("what is added after that is an entry of its own, however often", async () => {
  const world = new World();
  for (const count of [5, 1, 1]) {
    await world.refusals.add(key, count);
    await world.sweep();
  }
  expect(world.counts).toEqual([5, 1, 1]);
});

test("what is added between the entry and the removal is kept for the next entry", async () => {
  const world = new World();
  await world.refusals.add(key, 5);
  const append = world.ledger.append.bind(world.ledger);
  world.ledger.append = async (fields) => {
    const appended = await append(fields);
    if (world.counts.length === 1) await world.refusals.add(key, 2);
    return appended;
  };
  await world.sweep();
  expect(world.refusals.size).toBe(1);
  await world.sweep();
  expect(world.counts).toEqual([5, 2]);
  expect(world.refusals.size).toBe(0);
});

test("a sweeper that dies at any call is finished by the next, also when more came in between", async () => {
  for (const more of [0, 3]) {
    for (const call of [0, 1, 2]) {
      for (const persisted of [false, true]) {
        const world = new World();
        await world.refusals.add(key, 5);
        const { failures, calls } = await world.sweep({ call, persisted });
        expect(failures).toHaveLength(1);
        expect(calls).toHaveLength(call + 1);
        if (more > 0) await world.refusals.add(key, more);
        await world.sweep();
        await world.sweep();
        const total = world.counts.reduce<number>((sum, count) => sum + Number(count), 0);
        expect({ total, left: world.refusals.size }).toEqual({ total: 5 + more, left: 0 });
      }
    }
  }
});

test("two sweepers at once record one entry", async () => {
  const world = new World();
  await world.refusals.add(key, 5);
  const both = await Promise.all([world.sweep(), world.sweep()]);
  expect(both.flatMap(({ failures }) => failures)).toEqual([]);
  expect(world.counts).toEqual([5]);
});

test("a count that can't be recorded does not hold up the others", async () => {
  const world = new World();
  await world.refusals.add(key, 5);
  await world.refusals.add({ ...key, reason: "token.malformed" }, 7);
  const { report, failures } = await world.sweep({ call: 1, persisted: false });
  expect(report.recorded + report.failed).toBe(2);
  expect(failures.length).toBeGreaterThan(0);
  expect((await world.sweep(undefined, 0)).report).toEqual({ recorded: 0, failed: 0 });
  await world.sweep();
  expect(world.counts.toSorted()).toEqual([5, 7]);
});

test("an entry is found by time and outcome alone", async () => {
  const world = new World();
  await world.refusals.add(key, 5);
  await world.sweep();
  const { time: _time, scopes, ...keys } = indexKeys(world.ledger.only("request.refused"));
  expect(scopes).toEqual([]);
  expect(Object.keys(keys).toSorted()).toEqual(["day", "outcome"]);
});
