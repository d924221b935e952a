import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { killEverywhere } from "./cases.ts";
import { startLeftAlone } from "./flows.ts";
import { killPoints } from "./points.ts";
import { openWorld, type World } from "./world.ts";

describe("the points a process is killed at", () => {
  it("are those between two effects, and each effect that others go beside", () => {
    const requests = [
      { number: 1, name: "GetItem state EXECUTION", beside: [] },
      { number: 2, name: "PutItem state EXECUTION", beside: [] },
      { number: 3, name: "PutItem state SEAL", beside: [] },
      { number: 4, name: "PutItem ledger EXECUTION", beside: [3] },
      { number: 5, name: "StartExecution", beside: [] },
    ];
    expect(killPoints(requests).map(({ point }) => `${point.when} ${point.request}`)).toEqual([
      "before 2",
      "after 2",
      "before 3",
      "after 3",
      "before 4",
      "after 4",
      "after 5",
    ]);
  });
});

describe("a gate that is killed where it hurts", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(() => world?.close());

  it("leaves no start without its record, and no live token of a failed execution", async () => {
    const hurts = /^(before \d+: PutItem ledger|after \d+: StartExecution)/;
    const { points, killed, broken } = await killEverywhere(world, startLeftAlone("fails", "FAILED"), (all) =>
      all.filter(({ name }) => hurts.test(name)),
    );
    expect(broken).toEqual([]);
    expect([points, killed]).toEqual([2, 2]);
  });
});
