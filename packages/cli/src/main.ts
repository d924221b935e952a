#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { addAudit } from "./commands/audit.ts";
import { addDeadLetters } from "./commands/dead-letters.ts";
import { addExecutions } from "./commands/executions.ts";
import { addStart } from "./commands/start.ts";
import { addToken } from "./commands/token.ts";
import { addUp } from "./commands/up.ts";
import { exitCodes } from "./output/exit-codes.ts";
import { errorLines, explain } from "./output/failure.ts";
import { processTerminal } from "./output/terminal.ts";

const terminal = processTerminal();
const program = new Command("countersign")
  .description("start Step Functions executions as an OAuth subject, and read who did what")
  .showSuggestionAfterError()
  .exitOverride()
  .addHelpText(
    "after",
    `
Words: a grant is what the gate allowed one execution; the ledger holds an entry for each fact.

There is no option for a token: it would show in the list of processes. Use COUNTERSIGN_TOKEN or --token-file;
with the embedded runtime a token is got by itself.

Exit codes: 0 done; 1 unexpected; 2 typed wrong; 3 refused; 4 not reachable; 5 the execution did not succeed.`,
  );
for (const add of [addStart, addExecutions, addAudit, addToken, addDeadLetters]) add(program, terminal);
addUp(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  } else {
    const explained = explain(error);
    process.stderr.write(errorLines(explained));
    process.exitCode = explained.exitCode;
  }
}
