import { setTimeout as sleep } from "node:timers/promises";
import type { Client, Execution } from "@countersign/client/client";
import { isTransient } from "../connection/transient.ts";

export interface WaitOptions {
  readonly signal: AbortSignal;
  /** Told when the API did not answer and is asked again. */
  readonly onTrouble: (error: Error) => void;
  /** The wait after the first try; each one after is longer. */
  readonly firstWaitMs?: number;
}

const defaultFirstWaitMs = 250;
const longestWaitMs = 5_000;
/** Tries in a row that may fail before the waiting is given up. */
const mostFailures = 8;

const going = new Set(["RUNNING", "PENDING_REDRIVE"]);

/**
 * Asks for an execution until it has ended.
 *
 * @throws {ApiError} or {ConnectionError} when the API refuses, or does not answer several times in a row.
 */
export async function waitForEnd(
  client: Client,
  executionArn: string,
  { signal, onTrouble, firstWaitMs = defaultFirstWaitMs }: WaitOptions,
): Promise<Execution> {
  let failures = 0;
  for (let wait = firstWaitMs; ; wait = Math.min(wait * 1.5, longestWaitMs)) {
    try {
      const execution = await client.describeExecution(executionArn, { signal });
      if (!going.has(execution.status)) return execution;
      failures = 0;
    } catch (error) {
      failures += 1;
      if (!isTransient(error) || failures >= mostFailures) throw error;
      onTrouble(error);
    }
    await sleep(wait, undefined, { signal });
  }
}
