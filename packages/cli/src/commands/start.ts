import { setTimeout as sleep } from "node:timers/promises";
import type { Client, Execution } from "@countersign/client/client";
import type { Command } from "commander";
import { type ConnectionOptions, connect } from "../connection/connect.ts";
import { type InputOptions, readInput } from "../input/json-input.ts";
import { exitCodes } from "../output/exit-codes.ts";
import type { Terminal } from "../output/terminal.ts";
import { safeJson } from "../output/text.ts";
import { showExecution } from "./executions.ts";
import { withConnection } from "./shared-options.ts";

interface StartFlags extends ConnectionOptions, InputOptions {
  readonly idempotencyKey?: string;
  readonly wait?: true;
  readonly json?: true;
}

const pollMs = 250;

/** `countersign start`. */
export function addStart(program: Command, terminal: Terminal): void {
  const command = program
    .command("start <workflow>")
    .description("start a workflow as the subject of your access token")
    .option("--input <json>", "input of the execution, a JSON object")
    .option("--input-file <file>", "the same from a file, or - for standard input")
    .option("--idempotency-key <key>", "the same key and input give the same execution")
    .option("--wait", "wait until the execution has ended; exit code 5 when it did not succeed")
    .option("--json", "print JSON")
    .addHelpText("after", `\nExample:\n  countersign start payout --input '{"amount": 4200}' --wait`);
  withConnection(command).action((workflow: string, flags: StartFlags) => start(workflow, flags, terminal));
}

async function start(workflow: string, flags: StartFlags, terminal: Terminal): Promise<void> {
  const input = await readInput(flags, terminal.stdin);
  const { client } = await connect(flags, "all", terminal);
  const started = await client.startExecution(workflow, {
    ...(input && { input }),
    ...(flags.idempotencyKey !== undefined && { idempotencyKey: flags.idempotencyKey }),
  });
  if (!flags.wait) {
    await terminal.print(flags.json ? `${safeJson(started, 2)}\n` : `${started.executionArn}\n`);
    return;
  }
  const ended = await untilEnded(client, started.executionArn);
  await showExecution(ended, flags.json === true, terminal);
  if (ended.status !== "SUCCEEDED") process.exitCode = exitCodes.notSucceeded;
}

async function untilEnded(client: Client, executionArn: string): Promise<Execution> {
  for (;;) {
    const execution = await client.describeExecution(executionArn);
    if (execution.status !== "RUNNING") return execution;
    await sleep(pollMs);
  }
}
