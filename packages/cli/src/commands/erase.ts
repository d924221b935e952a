import { readSubject } from "../audit/query.ts";
import { type ConnectionOptions, connect } from "../connection/connect.ts";
import { type ExitCode, exitCodes } from "../output/exit-codes.ts";
import { usageError } from "../output/failure.ts";
import type { Terminal } from "../output/terminal.ts";
import { neutralize, safeJson } from "../output/text.ts";

export interface EraseOptions extends ConnectionOptions {
  readonly subject: readonly string[];
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Erases what is personal of a subject. @throws {CommandError} */
export async function eraseSubject(options: EraseOptions, terminal: Terminal): Promise<ExitCode> {
  if (!options.yes)
    throw usageError("an erasure cannot be taken back", "add --yes if this is the subject to erase");
  const { client, runtime } = await connect(options, ["operations:write"], terminal);
  const erased = await client.eraseSubject(readSubject(options.subject, runtime?.issuer));
  if (options.json) await terminal.print(`${safeJson(erased, 2)}\n`);
  else await terminal.print(`${erasedText(erased.found)}\nentry  ${neutralize(erased.entryId)}\n`);
  return exitCodes.ok;
}

function erasedText(found: boolean): string {
  if (!found) return "nothing was kept of this subject beside the ledger";
  return "erased: what was encrypted for this subject cannot be read any more";
}
