import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { killEverywhere } from "./cases.ts";
import { refusedStart, startAskedAgain, startLeftAlone } from "./flows.ts";
import { openWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

describe("a gate that is killed at any point of a start", () => {
  it("leaves one execution with its record, or none, to a caller who asks again", async () => {
    const { points, killed, broken } = await killEverywhere(world, startAskedAgain("waits", "RUNNING"));
    expect(broken).toEqual([]);
    expect([killed, points > 12]).toEqual([points, true]);
  });

  it("leaves an execution or an abandonment on the record when the caller is gone", async () => {
    const { points, killed, broken } = await killEverywhere(world, startLeftAlone("waits", "RUNNING"));
    expect(broken).toEqual([]);
    expect([killed, points > 12]).toEqual([points, true]);
  });

  it("leaves no live token when the execution fails before anyone looks", async () => {
    const { points, killed, broken } = await killEverywhere(world, startLeftAlone("fails", "FAILED"));
    expect(broken).toEqual([]);
    expect([killed, points > 12]).toEqual([points, true]);
  });

  it("leaves neither execution nor live token of a subject that is blocked", async () => {
    const { points, killed, broken } = await killEverywhere(world, refusedStart);
    expect(broken).toEqual([]);
    expect([killed, points > 12]).toEqual([points, true]);
  });
});
