import { type ConnectionOptions, connect } from "../connection/connect.ts";
import { type ExitCode, exitCodes } from "../output/exit-codes.ts";
import { fieldLines } from "../output/fields.ts";
import type { Terminal } from "../output/terminal.ts";
import { safeJson } from "../output/text.ts";
import { executionArnOf } from "./find-execution.ts";

/** Asks to stop an execution. @throws {CommandError} */
export async function stopExecution(
  execution: string,
  options: ConnectionOptions & { readonly reason?: string; readonly json?: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const executionArn = await executionArnOf(execution, options, terminal);
  const { client } = await connect(options, "all", terminal);
  const { reason } = options;
  const asked = await client.stopExecution(executionArn, reason === undefined ? {} : { reason });
  const text = fieldLines({ "asked to stop": asked.executionArn, request: asked.requestId });
  await terminal.print(options.json ? `${safeJson(asked, 2)}\n` : text);
  return exitCodes.ok;
}
