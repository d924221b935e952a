import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { killEverywhere } from "./cases.ts";
import { eventOfUnanswered, type Leftovers, leftovers, sweepOf } from "./sweeper-flow.ts";
import { openWorld, type World } from "./world.ts";

let world: World;
let left: Leftovers;
beforeAll(async () => {
  world = await openWorld();
  left = await leftovers(world);
});
afterAll(() => world?.close());

describe("what crashes have left", () => {
  it("is finished by the next sweeper when one is killed at any point", async () => {
    const { points, killed, broken } = await killEverywhere(world, sweepOf(left));
    expect(broken).toEqual([]);
    expect([killed, points > 10]).toEqual([points, true]);
  });

  it("is finished also when the recorder is killed over a start that the gate never answered", async () => {
    const { points, killed, broken } = await killEverywhere(world, eventOfUnanswered(left));
    expect(broken).toEqual([]);
    expect([killed, points > 2]).toEqual([points, true]);
  });
});
