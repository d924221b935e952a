import { type ConnectionOptions, connect } from "../connection/connect.ts";
import { type ExitCode, exitCodes } from "../output/exit-codes.ts";
import type { Terminal } from "../output/terminal.ts";
import { safeJson } from "../output/text.ts";
import { executionText } from "./execution-text.ts";

/** Prints the status of an execution and its grant. @throws {CommandError} */
export async function showStatus(
  executionArn: string,
  options: ConnectionOptions & { readonly json?: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const { client } = await connect(options, "all", terminal);
  const execution = await client.describeExecution(executionArn);
  await terminal.print(
    options.json ? `${safeJson(execution, 2)}\n` : executionText(execution, terminal.paint),
  );
  return exitCodes.ok;
}
