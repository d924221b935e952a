import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { ConfigInput } from "@countersign/core/config/config";

const entry = fileURLToPath(import.meta.resolve("@countersign/local/main"));

/** The embedded runtime as people run it: a process of its own. */
export interface RuntimeProcess {
  readonly pid: number;
  /** Resolves once it says that it is up. @throws {Error} with what it wrote, when it ends before. */
  ready(): Promise<void>;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

/** Starts it in `cwd`, as another user where `uid` is given. */
export function startProcess(args: readonly string[], cwd: string, uid?: number): RuntimeProcess {
  const env = { ...process.env };
  for (const name of ["COUNTERSIGN_ISSUER", "COUNTERSIGN_STATE_DIR"]) delete env[name];
  const child = spawn(process.execPath, [entry, ...args], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    ...(uid !== undefined && { uid }),
  });
  const written = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      written[stream] += text;
    });
  }
  const ended = endOf(child);
  return {
    pid: child.pid ?? -1,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    ended,
    ready: () => Promise.race([saysItIsUp(child), ended.then((end) => neverUp(end, written.stderr))]),
    kill: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

function endOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code, signal) => done(code ?? signal ?? -1));
  });
}

function saysItIsUp(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    let text = "";
    child.stdout?.on("data", (more: string) => {
      text += more;
      if (text.includes("Countersign is up")) done();
    });
  });
}

function neverUp(end: number | NodeJS.Signals, stderr: string): never {
  throw new Error(`the runtime ended with ${end} before it was up: ${stderr}`);
}

/** Writes a configuration into a folder; paths of the repository's own files in it are made absolute. */
export function writeConfig(folder: string, config: ConfigInput): string {
  const file = join(folder, "countersign.config.ts");
  writeFileSync(file, `export default ${JSON.stringify(withAbsolutePaths(config), null, 2)};\n`);
  return file;
}

function withAbsolutePaths(config: ConfigInput): ConfigInput {
  const machines = Object.entries(config.local?.stateMachines ?? {}).map(([name, machine]) => [
    name,
    {
      definition: absolute(machine.definition),
      functions: Object.fromEntries(
        Object.entries(machine.functions ?? {}).map(([fn, file]) => [fn, absolute(file)]),
      ),
    },
  ]);
  return { ...config, local: { ...config.local, stateMachines: Object.fromEntries(machines) } };
}

function absolute(path: string): string {
  const ours = resolve(import.meta.dirname, "../..", path);
  return existsSync(ours) ? ours : path;
}

/** Ids of living processes whose command line holds `text`. */
export function processesNaming(text: string): number[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,stat=,args="], { encoding: "utf8" }).split("\n");
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, stat = "", ...args]) => !stat.startsWith("Z") && args.join(" ").includes(text))
    .map(([pid]) => Number(pid))
    .filter((pid) => pid !== process.pid);
}
