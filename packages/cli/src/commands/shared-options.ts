import type { Command } from "commander";

/** Adds the options that every command of the API takes. */
export function withConnection(command: Command): Command {
  return command
    .option("--api <url>", "address of the API; else COUNTERSIGN_API, else the embedded runtime's")
    .option(
      "--token-file <file>",
      "file that holds the access token; else COUNTERSIGN_TOKEN, else one of the embedded provider",
    )
    .option("--as <client>", "client of the embedded provider to act as")
    .option(
      "--state-dir <folder>",
      "state folder of the embedded runtime; else .countersign from this folder upward",
    );
}
