import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
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

describe("a signal", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Sends Ctrl-C, and once more after `gapMs`; returns how many reached the runtime, once `expected` have. */
  async function interruptTwice(gapMs: number, expected: number): Promise<number> {
    vi.useFakeTimers({ toFake: ["performance"] });
    const ready = join(folder, `ready-${gapMs}`);
    const seen = join(folder, `seen-${gapMs}`);
    const source = `
      import { writeFileSync } from "node:fs";
      let count = 0;
      process.on("SIGINT", () => { count += 1; writeFileSync(${JSON.stringify(seen)}, String(count)); });
      process.on("SIGTERM", () => process.exit(count));
      process.on("disconnect", () => process.exit());
      writeFileSync(${JSON.stringify(ready)}, "");`;
    const running = runRuntime(script(`count-${gapMs}.mjs`, source), []);
    await vi.waitUntil(() => existsSync(ready), { timeout: 10_000 });
    process.emit("SIGINT", "SIGINT");
    await vi.waitUntil(() => existsSync(seen) && readFileSync(seen, "utf8") === "1", { timeout: 10_000 });
    vi.advanceTimersByTime(gapMs);
    process.emit("SIGINT", "SIGINT");
    await vi.waitUntil(() => readFileSync(seen, "utf8") === String(expected), { timeout: 10_000 });
    process.emit("SIGTERM", "SIGTERM");
    return running;
  }

  it("that comes twice for one key press, from the terminal and from npm, is passed on once", async () => {
    expect(await interruptTwice(100, 1)).toBe(1);
  });

  it("that is sent again later is passed on again", async () => {
    expect(await interruptTwice(1_000, 2)).toBe(2);
  });

  it("is this process's own again once the runtime has ended", async () => {
    const before = process.listenerCount("SIGINT");
    await runRuntime(script("end.mjs", ""), []);
    expect(process.listenerCount("SIGINT")).toBe(before);
  });
});
