import { afterAll, beforeAll, expect, it } from "vitest";
import { killEverywhere } from "./cases.ts";
import { leftovers, sweepOf } from "./sweeper-flow.ts";
import { openWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

it("a sweeper that is killed at any point is finished by the next", async () => {
  const { points, killed, broken } = await killEverywhere(world, sweepOf(await leftovers(world)));
  expect(broken).toEqual([]);
  expect([killed, points > 10]).toEqual([points, true]);
});
