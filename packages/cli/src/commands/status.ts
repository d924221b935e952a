import { type ConnectionOptions, connect } from "../connection/connect.ts";
import { type ExitCode, exitCodes } from "../output/exit-codes.ts";
import type { Terminal } from "../output/terminal.ts";
import { safeJson } from "../output/text.ts";
import { executionText } from "./execution-text.ts";
import { executionArnOf } from "./find-execution.ts";

/** Prints the status of an execution and its grant. @throws {CommandError} */
export async function showStatus(
  execution: string,
  options: ConnectionOptions & { readonly json?: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const executionArn = await executionArnOf(execution, options, terminal);
  const { client } = await connect(options, "all", terminal);
  const described = await client.describeExecution(executionArn);
  await terminal.print(
    options.json ? `${safeJson(described, 2)}\n` : executionText(described, terminal.paint),
  );
  return exitCodes.ok;
}
