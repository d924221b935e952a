import { Command, CommanderError, Option } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { type AuditOptions, showAudit } from "./commands/audit.ts";
import { listDeadLetters, redriveDeadLetters } from "./commands/dead-letters.ts";
import { type EraseOptions, eraseSubject } from "./commands/erase.ts";
import { type StartOptions, startWorkflow } from "./commands/start.ts";
import { showStatus } from "./commands/status.ts";
import { stopExecution } from "./commands/stop.ts";
import { printToken, type TokenOptions } from "./commands/token.ts";
import { runRuntime, runtimeArguments, runtimeEntry, type UpOptions } from "./commands/up.ts";
import type { ConnectionOptions } from "./connection/connect.ts";
import { commandHelp, programHelp } from "./help.ts";
import { readScopes, readWhole } from "./input/option-values.ts";
import { readTime } from "./input/time-input.ts";
import { exitCodes } from "./output/exit-codes.ts";
import { errorLines, explain } from "./output/failure.ts";
import type { Terminal } from "./output/terminal.ts";
import { neutralize, withoutTokens } from "./output/text.ts";

/** Adds one command to the program; its action hands its exit code to `end`. */
type Add = (program: Command, terminal: Terminal, end: (exitCode: number) => void) => void;

/** Carries out a command line (without node and script), tells of failures, and resolves with the exit code. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = emptyProgram(terminal);
  for (const add of [addToken, addStart, addStatus, addStop, addAudit, addDeadLetters, addErase, addUp]) {
    add(program, terminal, (code) => {
      exitCode = code;
    });
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    // commander has told of it already
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const explained = explain(error);
    terminal.notice(errorLines(explained).trimEnd());
    return explained.exitCode;
  }
}

function emptyProgram(terminal: Terminal): Command {
  return new Command("countersign")
    .version(packageJson.version, "--version", "print the version")
    .description("Starts AWS Step Functions executions as an OAuth subject, and reads who did what.")
    .exitOverride()
    .showHelpAfterError('fix:   see "countersign --help"')
    .configureOutput({
      writeOut: (text) => void terminal.print(text),
      writeErr: (text) => terminal.notice(text.trimEnd()),
      outputError: (text, write) => write(text.split("\n").map(neutralize).map(withoutTokens).join("\n")),
      getOutHelpWidth: () => terminal.width ?? 100,
      getErrHelpWidth: () => terminal.width ?? 100,
    })
    .addHelpText("after", programHelp);
}

/** A command with its help; what is typed wrong is answered with where to read on. */
function command(parent: Command, usage: string, description: string): Command {
  const made = parent.command(usage).description(description);
  const path = parent.parent ? `${parent.name()} ${made.name()}` : made.name();
  return made
    .showHelpAfterError(`fix:   see "countersign ${path} --help"`)
    .addHelpText("after", commandHelp(path));
}

function withConnection(command: Command): Command {
  return command
    .option("--api <url>", "address of the API; else COUNTERSIGN_API, else the embedded runtime's")
    .option(
      "--token-file <file>",
      "file that holds the access token; else COUNTERSIGN_TOKEN, else an embedded client's",
    )
    .option("--as <client>", "client of the embedded provider to act as; else the first that has the scope")
    .option("--state-dir <folder>", stateDirHelp);
}

const executionHelp = "its ARN, or <workflow>/<name> as the audit table shows it";

const stateDirHelp =
  "state folder of the embedded runtime; else COUNTERSIGN_STATE_DIR, else .countersign from this folder upward";

const addToken: Add = (program, terminal, end) => {
  command(program, "token", "print an access token of the embedded provider, and nothing else")
    .option("--client <id>", "client to get it as; else the first that has the scopes")
    .option("--scope <scope...>", "scopes to ask for; else all that the client has", readScopes)
    .option("--state-dir <folder>", stateDirHelp)
    .action(async (options: TokenOptions) => end(await printToken(options, terminal)));
};

const addStart: Add = (program, terminal, end) => {
  const start = command(program, "start", "start a workflow as the subject of the access token")
    .argument("<workflow>", "its name in countersign.config.ts")
    .option("--input <json>", "input of the execution: a JSON object")
    .addOption(
      new Option("--input-file <file>", "the same from a file, or - for standard input").conflicts("input"),
    )
    .option(
      "--idempotency-key <key>",
      "the same key and input give the same execution; else a new one each time",
    )
    .option("--wait", "wait for the execution to end; exit code 5 when it did not succeed")
    .option("--json", "print JSON");
  withConnection(start).action(async (workflow: string, options: StartOptions) =>
    end(await startWorkflow(workflow, options, terminal)),
  );
};

const addStatus: Add = (program, terminal, end) => {
  const status = command(program, "status", "show an execution of yours and its grant")
    .argument("<execution>", executionHelp)
    .option("--json", "print JSON");
  withConnection(status).action(async (execution: string, options: ConnectionOptions) =>
    end(await showStatus(execution, options, terminal)),
  );
};

const addStop: Add = (program, terminal, end) => {
  const stop = command(program, "stop", "stop an execution of yours; its grant is revoked")
    .argument("<execution>", executionHelp)
    .option("--reason <text>", "why; Step Functions keeps it as the cause")
    .option("--json", "print JSON");
  withConnection(stop).action(async (execution: string, options: ConnectionOptions) =>
    end(await stopExecution(execution, options, terminal)),
  );
};

const addAudit: Add = (program, terminal, end) => {
  const audit = command(program, "audit", "query the ledger, newest entry first; filters combine")
    .option("--execution <execution>", `entries of one execution: ${executionHelp}`)
    .option("--subject <subject...>", "issuer and sub; the sub alone for the embedded provider")
    .option("--client <id>", "entries of an OAuth client")
    .option("--scope <scope>", "entries with a scope")
    .option("--workflow <name>", "entries of a workflow")
    .addOption(
      new Option("--outcome <outcome>", "how it went").choices(["success", "failure", "denied", "unknown"]),
    )
    .option("--action <action>", "what happened, as in execution.started")
    .addOption(
      new Option("--attribution <kind>", "how the execution came about").choices([
        "gate",
        "child",
        "trusted_starter",
        "unattributed",
        "none",
      ]),
    )
    .option("--since <time>", "recorded at or after: 15m, 2h, 7d ago, or ISO 8601", timeReader("--since"))
    .option("--until <time>", "recorded before", timeReader("--until"))
    .option("--limit <count>", "most entries; 50 unless given, 10 to begin with for --follow", countReader)
    .addOption(new Option("--all", "every entry that fits").conflicts("limit"))
    .addOption(
      new Option("--follow", "stay, and print what is recorded, oldest first; Ctrl-C ends it").conflicts(
        "until",
      ),
    )
    .option("--json", "print a JSON object a line");
  withConnection(audit).action(async (options: AuditOptions) => end(await showAudit(options, terminal)));
};

const addDeadLetters: Add = (program, terminal, end) => {
  const letters = command(program, "dead-letters", "messages that could not be handled in all their tries");
  const list = command(letters, "list", "show them, and why they could not be handled")
    .option("--limit <count>", "most messages", countReader)
    .option("--json", "print a JSON object a line");
  withConnection(list).action(async (options: ConnectionOptions) =>
    end(await listDeadLetters(options, terminal)),
  );
  const redrive = command(letters, "redrive", "send them back to the queues they came from")
    .argument("[id...]", "ids as the list shows them; all of them unless given")
    .option("--json", "print JSON");
  withConnection(redrive).action(async (ids: string[], options: ConnectionOptions) =>
    end(await redriveDeadLetters(ids, options, terminal)),
  );
};

const addErase: Add = (program, terminal, end) => {
  const erase = command(program, "erase", "destroy what is personal of a subject; its entries stay")
    .requiredOption("--subject <subject...>", "issuer and sub; the sub alone for the embedded provider")
    .option("--yes", "erase; it cannot be taken back")
    .option("--json", "print JSON");
  withConnection(erase).action(async (options: EraseOptions) => end(await eraseSubject(options, terminal)));
};

const addUp: Add = (program, terminal, end) => {
  command(
    program,
    "up",
    "start the embedded runtime: provider, gate, ledger and Step Functions on this machine",
  )
    .option("--story", "play a short story against it first")
    .option("--port <number>", "first of the five ports in a row it listens on; else 9400", (text) =>
      readWhole(text, "--port", 1024, 65_530),
    )
    .option("--state-dir <folder>", "where it keeps its state; else COUNTERSIGN_STATE_DIR, else .countersign")
    .option("--config <file>", "configuration; else countersign.config.ts")
    .action(async (options: UpOptions) =>
      end(await runRuntime(runtimeEntry, runtimeArguments(options, terminal.env))),
    );
};

const countReader = (text: string): number => readWhole(text, "--limit");

function timeReader(option: string): (text: string) => number {
  return (text) => readTime(text, option, Date.now());
}
