import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Task } from "./function-process.ts";
import { type Report, reportDescriptor } from "./kill-point.ts";

/** A request that the process of a function sent, or was about to. */
export interface SentRequest {
  readonly number: number;
  readonly name: string;
  /** Numbers of those it did not wait for. */
  readonly beside: readonly number[];
}

/** What became of one invocation. */
export interface Invocation {
  readonly isKilled: boolean;
  /** What the handler returned; undefined when it was killed or threw. */
  readonly answer: unknown;
  readonly failure: string | undefined;
  readonly requests: readonly SentRequest[];
  /** Access tokens that the provider gave it. */
  readonly issued: readonly string[];
  /** Everything it wrote to stdout and stderr. */
  readonly logs: string;
}

const main = fileURLToPath(new URL("./function-process.ts", import.meta.url));

/** Runs a function's entry file in a process of its own, for one invocation. */
export async function invoke(environment: Record<string, string>, task: Task): Promise<Invocation> {
  const child = spawn(process.execPath, [main], {
    env: environment,
    stdio: ["pipe", "pipe", "pipe", "pipe"],
  });
  child.stdin?.end(JSON.stringify(task));
  const streams = [child.stdout, child.stderr, child.stdio[reportDescriptor]] as Readable[];
  const ended = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const [[code, signal], stdout = "", stderr = "", reports = ""] = await Promise.all([
    ended,
    ...streams.map((stream) => text(stream)),
  ]);
  const invocation = { ...summary(reports), isKilled: signal === "SIGKILL", logs: stdout + stderr };
  const isOver = invocation.answer !== undefined || invocation.failure !== undefined;
  if (invocation.isKilled === isOver || (!invocation.isKilled && code !== 0))
    throw new Error(`the process of a function ended with ${signal ?? code}: ${invocation.logs}`);
  return invocation;
}

function summary(reports: string) {
  const lines = reports
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Report);
  const last = lines.at(-1);
  return {
    answer: last && "answer" in last ? last.answer : undefined,
    failure: last && "failure" in last ? last.failure : undefined,
    requests: lines.flatMap((line) =>
      "sends" in line ? [{ number: line.sends, name: line.name, beside: line.beside }] : [],
    ),
    issued: lines.flatMap((line) => ("issued" in line ? [line.issued] : [])),
  };
}
