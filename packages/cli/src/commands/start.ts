import { randomUUID } from "node:crypto";
import type { Client, StartedExecution } from "@countersign/client/client";
import { type ConnectionOptions, connect } from "../connection/connect.ts";
import { mayHaveArrived } from "../connection/transient.ts";
import { type InputOptions, readInput } from "../input/json-input.ts";
import { type ExitCode, exitCodes } from "../output/exit-codes.ts";
import { CommandError } from "../output/failure.ts";
import { fieldLines } from "../output/fields.ts";
import type { Terminal } from "../output/terminal.ts";
import { safeJson } from "../output/text.ts";
import { executionText, grantFields } from "./execution-text.ts";
import { interruption } from "./interruption.ts";
import { waitForEnd } from "./wait-for-end.ts";

export interface StartOptions extends ConnectionOptions, InputOptions {
  readonly idempotencyKey?: string;
  readonly wait?: boolean;
  readonly json?: boolean;
}

/** Starts a workflow, and with `--wait` follows it to its end. @throws {CommandError} */
export async function startWorkflow(
  workflow: string,
  options: StartOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const input = await readInput(options, terminal.stdin);
  const { client } = await connect(options, "all", terminal);
  const idempotencyKey = options.idempotencyKey ?? randomUUID();
  const started = await client
    .startExecution(workflow, { idempotencyKey, ...(input && { input }) })
    .catch((error: unknown) => {
      throw mayHaveStarted(error, idempotencyKey);
    });
  if (!options.wait) {
    await terminal.print(options.json ? `${safeJson(started, 2)}\n` : startedText(started));
    return exitCodes.ok;
  }
  if (!options.json) await terminal.print(startedText(started));
  return reportEnd(client, started.executionArn, options.json === true, terminal);
}

async function reportEnd(
  client: Client,
  executionArn: string,
  isJson: boolean,
  terminal: Terminal,
): Promise<ExitCode> {
  const interrupt = interruption();
  try {
    const execution = await waitForEnd(client, executionArn, {
      signal: interrupt.signal,
      onTrouble: (error) => terminal.notice(`${error.message}; asking again`),
    });
    const text = isJson ? `${safeJson(execution, 2)}\n` : `\n${executionText(execution, terminal.paint)}`;
    await terminal.print(text);
    return execution.status === "SUCCEEDED" ? exitCodes.ok : exitCodes.notSucceeded;
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    throw new CommandError(
      `interrupted; the execution goes on: ${executionArn}`,
      'look at it with "countersign status", end it with "countersign stop"',
      exitCodes.interrupted,
    );
  } finally {
    interrupt.release();
  }
}

/** Without an answer, only the same key can tell a second try from a second execution. */
function mayHaveStarted(error: unknown, idempotencyKey: string): unknown {
  if (!mayHaveArrived(error)) return error;
  return new CommandError(
    error.message,
    `${error.fix}; if it was started is not known, so try again with --idempotency-key ${idempotencyKey}`,
    exitCodes.unavailable,
  );
}

function startedText(started: StartedExecution): string {
  return fieldLines({
    [started.created ? "started" : "started before"]: started.workflow,
    execution: started.executionArn,
    ...grantFields(started.grant),
  });
}
