import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePorts } from "../support/embedded.ts";
import type { Section } from "./report.ts";
import { median } from "./statistics.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const runs = 3;
const targetSeconds = 5;

/** How long `npm start` takes until everything answers. */
export async function benchStartUp(): Promise<Section> {
  const stateDirectory = mkdtempSync(join(tmpdir(), "countersign-"));
  try {
    const empty: number[] = [];
    const used: number[] = [];
    const { api: port } = await freePorts();
    for (let run = 0; run < runs; run += 1) {
      rmSync(stateDirectory, { recursive: true, force: true });
      // Through the whole story the first time, so that there is a state to go on with.
      empty.push(await startAndStop(port, stateDirectory, run === runs - 1 ? "Ctrl-C stops" : undefined));
    }
    for (let run = 0; run < runs; run += 1) used.push(await startAndStop(port, stateDirectory));
    return section(empty, used);
  } finally {
    rmSync(stateDirectory, { recursive: true, force: true });
  }
}

/** Seconds from the command to the line that says all is up; then stops it, or first waits for a later line. */
async function startAndStop(port: number, stateDirectory: string, until?: string): Promise<number> {
  const from = performance.now();
  const child = spawn("npm", ["start", "--", "--port", String(port), "--state-dir", stateDirectory], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const exit = once(child, "exit");
  try {
    return await readyAfter(child, from, until);
  } finally {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGINT");
    await exit;
  }
}

async function readyAfter(child: ChildProcess, from: number, until: string | undefined): Promise<number> {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new TypeError("npm was started without its output");
  const errors: string[] = [];
  stderr.on("data", (chunk: Buffer) => errors.push(chunk.toString()));
  let seconds: number | undefined;
  for await (const line of createInterface({ input: stdout })) {
    if (line.includes("Countersign is up")) seconds = (performance.now() - from) / 1000;
    if (seconds !== undefined && (until === undefined || line.includes(until))) {
      stdout.resume();
      return seconds;
    }
  }
  throw new Error(`npm start ended before it was up: ${errors.join("")}`);
}

function section(empty: readonly number[], used: readonly number[]): Section {
  return {
    name: "start-up",
    title: "Start-up",
    method: `\`npm start\` of an installed checkout is timed from the command to the line that says everything is up, npm's own time included. ${runs} times on an empty state directory, and ${runs} times on one that a run with its whole story left behind. The verdict is on the slowest.`,
    verdicts: [verdict("on an empty state directory", empty), verdict("on a used state directory", used)],
    tables: [
      {
        head: ["seconds", "fastest", "median", "slowest"],
        rows: [row("empty state directory", empty), row("used state directory", used)],
      },
    ],
    notes: [],
  };
}

function verdict(figure: string, seconds: readonly number[]) {
  return {
    figure: `\`npm start\` ready, ${figure}`,
    value: `${Math.max(...seconds).toFixed(1)} s at the slowest`,
    target: `≤ ${targetSeconds} s`,
    met: Math.max(...seconds) <= targetSeconds,
  };
}

function row(name: string, seconds: readonly number[]): string[] {
  return [
    name,
    ...[Math.min(...seconds), median(seconds), Math.max(...seconds)].map((one) => one.toFixed(1)),
  ];
}
