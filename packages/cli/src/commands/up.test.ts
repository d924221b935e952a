import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { exitCodes } from "../output/exit-codes.ts";
import { runRuntime, runtimeArguments } from "./up.ts";

const folder = mkdtempSync(join(tmpdir(), "countersign-up-"));
afterAll(() => rmSync(folder, { recursive: true }));

function script(name: string, source: string): string {
  const path = join(folder, name);
  writeFileSync(path, source);
  return path;
}

describe("the runtime's arguments", () => {
  it("are those that were given", () => {
    expect(runtimeArguments({}, {})).toEqual([]);
    const options = { story: true, port: 9500, stateDir: "state", config: "c.ts" };
    expect(runtimeArguments(options, { COUNTERSIGN_STATE_DIR: "other" })).toEqual([
      "--story",
      "--port",
      "9500",
      "--state-dir",
      "state",
      "--config",
      "c.ts",
    ]);
  });

  it("name the state folder of the environment", () => {
    expect(runtimeArguments({}, { COUNTERSIGN_STATE_DIR: "state" })).toEqual(["--state-dir", "state"]);
    expect(runtimeArguments({}, { COUNTERSIGN_STATE_DIR: "" })).toEqual([]);
  });
});

describe("running it", () => {
  it("ends with its exit code, its arguments passed on", async () => {
    const entry = script("code.mjs", "process.exit(Number(process.argv[2]))");
    expect(await runRuntime(entry, ["7"])).toBe(7);
  });

  it("ends with 128 and the number of the signal that ended it", async () => {
    expect(await runRuntime(script("kill.mjs", 'process.kill(process.pid, "SIGTERM")'), [])).toBe(143);
  });

  it("says so where the runtime is not there", async () => {
    await expect(runRuntime(join(folder, "none.mjs"), [])).rejects.toMatchObject({
      message: `the embedded runtime cannot be started: ${join(folder, "none.mjs")} does not exist`,
      exitCode: exitCodes.unexpected,
    });
  });
});
