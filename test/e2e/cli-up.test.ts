import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RunningCommand, runCommand, startCommand } from "../support/command.ts";
import { freePorts } from "../support/embedded.ts";
import { eventually } from "../support/eventually.ts";

let stateDir: string;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "countersign-up-"));
});
afterEach(() => {
  for (const pid of processes().keys()) process.kill(pid, "SIGKILL");
  rmSync(stateDir, { recursive: true, force: true });
});

/** Living processes whose command line names the state folder: the command, the runtime and its engine. */
function processes(): Map<number, string> {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,stat=,args="], { encoding: "utf8" }).split("\n");
  const found = lines
    .map((line) => /^ *(\d+) (\S+) +(.*)$/.exec(line))
    .filter((match) => match?.[3]?.includes(stateDir) && !match[2]?.startsWith("Z"));
  return new Map(found.map((match) => [Number(match?.[1]), match?.[3] ?? ""]));
}

async function up(): Promise<RunningCommand & { readonly pid: number }> {
  const { api } = await freePorts();
  const command = startCommand(["up", "--port", String(api), "--state-dir", stateDir]);
  await eventually("the runtime", async () =>
    command.out().includes("Ctrl-C stops everything") ? true : undefined,
  );
  const running = [...processes().values()].join("\n");
  for (const part of ["cli/src/main.ts up", "local/src/main.ts", "dynoxide serve"])
    expect(running).toContain(part);
  return { ...command, pid: command.child.pid ?? -1 };
}

const nothingLeft = () =>
  eventually("the end of every process", async () => processes().size === 0 || undefined);

describe("up", () => {
  it("serves the other commands, and Ctrl-C stops all of it in order, once", async () => {
    const { pid, finished } = await up();
    const started = await runCommand([
      "start",
      "payout",
      "--input",
      '{"amount": 1}',
      "--wait",
      "--state-dir",
      stateDir,
    ]);
    expect(started.exit).toBe(0);
    // a terminal sends Ctrl-C to the whole foreground group
    process.kill(-pid, "SIGINT");
    const { exit, out, err } = await finished;
    expect({ exit, err }).toEqual({ exit: 0, err: "" });
    expect(out.match(/Stopping/g)).toHaveLength(1);
    await nothingLeft();
  });

  it("leaves neither runtime nor engine behind when it is killed", async () => {
    const { pid } = await up();
    process.kill(pid, "SIGKILL");
    await nothingLeft();
  });

  it("takes its engine along when the runtime itself is killed, and ends with its signal", async () => {
    const { finished } = await up();
    for (const [pid, args] of processes())
      if (args.includes("local/src/main.ts")) process.kill(pid, "SIGKILL");
    expect((await finished).exit).toBe(137);
    await nothingLeft();
  });
});
