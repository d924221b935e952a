import type { FunctionFailure } from "./failure.ts";

/** What a thread is told when it starts. */
export interface ThreadStart {
  entry: string;
  handler: string;
}

/** One invocation on its way into a thread; the event travels as JSON text. */
export interface Invocation {
  requestId: string;
  functionArn: string;
  deadlineMs: number;
  event: string;
}

/** What a thread reports: its start, or the end of one invocation. */
export type ThreadReport =
  | { kind: "started" }
  | { kind: "start_failed"; failure: FunctionFailure }
  | { kind: "answered"; requestId: string; payload: string }
  | { kind: "failed"; requestId: string; failure: FunctionFailure };
