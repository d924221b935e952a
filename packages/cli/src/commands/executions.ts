import type { Execution } from "@countersign/client/client";
import type { Command } from "commander";
import { type ConnectionOptions, connect } from "../connection/connect.ts";
import { fieldLines } from "../output/fields.ts";
import type { Terminal } from "../output/terminal.ts";
import { safeJson } from "../output/text.ts";
import { localDateTime } from "../output/time.ts";
import { withConnection } from "./shared-options.ts";

interface Flags extends ConnectionOptions {
  readonly json?: true;
  readonly reason?: string;
}

/** `countersign status` and `countersign stop`. */
export function addExecutions(program: Command, terminal: Terminal): void {
  const status = program
    .command("status <executionArn>")
    .description("show an execution that you started, and its grant")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  countersign status arn:aws:states:us-east-1:000000000000:execution:payout:cs-…",
    );
  withConnection(status).action(async (executionArn: string, flags: Flags) => {
    const { client } = await connect(flags, "all", terminal);
    await showExecution(await client.describeExecution(executionArn), flags.json === true, terminal);
  });

  const stop = program
    .command("stop <executionArn>")
    .description("stop an execution that you started; its grant is revoked")
    .option("--reason <text>", "why; Step Functions keeps it as the cause")
    .addHelpText("after", '\nExample:\n  countersign stop arn:aws:states:… --reason "wrong account"');
  withConnection(stop).action(async (executionArn: string, flags: Flags) => {
    const { client } = await connect(flags, "all", terminal);
    await client.stopExecution(executionArn, flags.reason === undefined ? {} : { reason: flags.reason });
    await terminal.print("asked to stop; the audit shows when it has, and what became of its grant\n");
  });
}

/** Prints an execution as fields or as JSON. */
export async function showExecution(
  execution: Execution,
  isJson: boolean,
  terminal: Terminal,
): Promise<void> {
  if (isJson) {
    await terminal.print(`${safeJson(execution, 2)}\n`);
    return;
  }
  const { grant } = execution;
  const lines = fieldLines({
    execution: execution.executionArn,
    workflow: execution.workflow,
    status: execution.status,
    error: execution.error,
    started: localDateTime(execution.startDate),
    ended: execution.stopDate === undefined ? undefined : localDateTime(execution.stopDate),
    attribution: execution.attribution === "none" ? "unattributed" : execution.attribution,
    subject: grant && `${grant.subject.sub} at ${grant.subject.iss}`,
    client: grant?.clientId,
    scopes: grant?.scopes.join(" "),
    role: grant?.role,
    grant: grant?.state,
  });
  await terminal.print(lines);
}
