import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./synth/place.ts";

test("the stacks fit the types of SST's components", () => {
  const { stdout, status } = spawnSync(join(root, "node_modules/.bin/tsc"), ["--noEmit", "-p", "stacks"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(stdout).toBe("");
  expect(status).toBe(0);
});
