import { readFileSync } from "node:fs";
import { installKillPoint, type KillPoint, report } from "./kill-point.ts";

/** What the process of a function is to do: one invocation, and then it ends. */
export interface Task {
  readonly entry: string;
  readonly event: unknown;
  readonly kill?: KillPoint;
  /** How far this process' clock is ahead of the others'. */
  readonly aheadMs?: number;
}

const timeoutMs = 20_000;
const task = JSON.parse(readFileSync(0, "utf8")) as Task;

installKillPoint(task.kill);
setClockAhead(task.aheadMs ?? 0);
try {
  const { handler } = (await import(task.entry)) as {
    handler: (event: unknown, context: object) => Promise<unknown>;
  };
  const deadline = Date.now() + timeoutMs;
  const context = { awsRequestId: "faults", getRemainingTimeInMillis: () => deadline - Date.now() };
  report({ answer: (await handler(task.event, context)) ?? null });
} catch (error) {
  report({ failure: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
}
// Connections that are kept alive would hold it up.
process.exit(0);

function setClockAhead(milliseconds: number): void {
  const { now } = Date;
  if (milliseconds > 0) Date.now = () => now() + milliseconds;
}
