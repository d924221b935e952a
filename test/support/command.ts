import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { resolve } from "node:path";

export const repository = resolve(import.meta.dirname, "../..");
const entry = resolve(repository, "packages/cli/src/main.ts");

/** How a run of the `countersign` command ended, and what it wrote. */
export interface Finished {
  /** Its exit code, or the signal that ended it. */
  readonly exit: number | NodeJS.Signals;
  readonly out: string;
  readonly err: string;
}

export interface RunningCommand {
  readonly child: ChildProcessWithoutNullStreams;
  readonly finished: Promise<Finished>;
  /** What it has written to standard output so far. */
  out(): string;
}

const running = new Set<ChildProcessWithoutNullStreams>();

/** Ends what a failed test has left running. */
export function killCommands(): void {
  for (const child of running) child.kill("SIGKILL");
}

/**
 * Starts the real command with this Node, in a process group of its own as a shell does, and with nothing of
 * our environment but what is given.
 */
export function startCommand(args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningCommand {
  const { PATH, HOME } = process.env;
  const options = { cwd: repository, env: { PATH, HOME, ...env }, detached: true };
  const child = spawn(process.execPath, [entry, ...args], options);
  running.add(child);
  child.once("close", () => running.delete(child));
  const written = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    written.out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    written.err += text;
  });
  const finished = new Promise<Finished>((done, fail) => {
    child.once("error", fail);
    child.once("close", (code, signal) => done({ exit: code ?? signal ?? -1, ...written }));
  });
  return { child, finished, out: () => written.out };
}

/** Runs the real command to its end. */
export function runCommand(args: readonly string[], env?: NodeJS.ProcessEnv, stdin = ""): Promise<Finished> {
  const { child, finished } = startCommand(args, env);
  child.stdin.on("error", () => undefined).end(stdin);
  return finished;
}
