import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/** A child process that does not outlive this one, even when this one is killed. */
export interface SupervisedProcess {
  readonly pid: number;
  /** Resolves with how it ended and the last of what it printed; never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Ends it (SIGTERM, then SIGKILL after 5 s) and resolves once it is gone. */
  stop(): Promise<void>;
}

export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  output: string;
}

// The shell becomes the command, so the child's pid is the command's. What it leaves behind reads a pipe
// whose other end this process holds: a line means the command has ended, end of file that this process has.
const script = `
engine=$$
(read -r _ <&3 || kill -KILL "$engine") >/dev/null 2>&1 &
exec "$0" "$@" 3<&-
`;

const outputLimit = 4000;
const patienceMs = 5000;

/** Starts a command in a session of its own: a Ctrl-C in the terminal is left to this process. */
export function startSupervised(command: string, args: readonly string[]): SupervisedProcess {
  const child = spawn("/bin/sh", ["-c", script, command, ...args], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    detached: true,
  });
  const exited = watch(child);
  return {
    pid: child.pid ?? -1,
    exited,
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

function watch(child: ChildProcess): Promise<ProcessExit> {
  const lifeline = child.stdio[3] as Writable;
  lifeline.on("error", () => {});
  let output = "";
  for (const stream of [child.stdout, child.stderr] as Readable[]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-outputLimit);
    });
  }
  return new Promise((resolve) => {
    child.once("exit", () => lifeline.end("\n"));
    child.once("error", (error) => resolve({ code: null, signal: null, output: error.message }));
    child.once("close", (code, signal) => resolve({ code, signal, output: output.trim() }));
  });
}
