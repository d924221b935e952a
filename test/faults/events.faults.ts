import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { killEverywhere } from "./cases.ts";
import { revocation, statusEvent } from "./flows.ts";
import { openWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

describe("a recorder that is killed at any point", () => {
  it.each([
    ["RUNNING", "waits", { seconds: 3600 }],
    ["FAILED", "fails", {}],
    ["SUCCEEDED", "waits", { seconds: 0 }],
  ])("records %s once when the event comes again", async (status, workflow, input) => {
    const { points, killed, broken } = await killEverywhere(world, statusEvent(workflow, status, input));
    expect(broken).toEqual([]);
    expect([killed, points > 1]).toEqual([points, true]);
  });
});

describe("a revoker that is killed at any point", () => {
  it("has the token revoked, verified and on the record when its message comes again", async () => {
    const { points, killed, broken } = await killEverywhere(world, revocation());
    expect(broken).toEqual([]);
    expect([killed, points > 4]).toEqual([points, true]);
  });
});
