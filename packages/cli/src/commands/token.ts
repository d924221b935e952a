import type { Command } from "commander";
import { requestToken } from "../connection/request-token.ts";
import { findRuntime } from "../connection/runtime-file.ts";
import { chooseClient, scopesFor } from "../connection/seeded-client.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { CommandError } from "../output/failure.ts";
import type { Terminal } from "../output/terminal.ts";

interface TokenFlags {
  readonly client?: string;
  readonly scope?: readonly string[];
  readonly stateDir?: string;
}

/** `countersign token`. */
export function addToken(program: Command, terminal: Terminal): void {
  program
    .command("token")
    .description("print an access token of the embedded provider, and nothing else")
    .option("--client <id>", "client to get it for; the first by default")
    .option("--scope <scope...>", "scopes to ask for; all of the client's by default")
    .option("--state-dir <folder>", "state folder of the embedded runtime")
    .addHelpText("after", "\nExample:\n  TOKEN=$(countersign token --client payments-app)")
    .action((flags: TokenFlags) => printToken(flags, terminal));
}

async function printToken(flags: TokenFlags, terminal: Terminal): Promise<void> {
  const runtime = await findRuntime({ stateDir: flags.stateDir, env: terminal.env, cwd: terminal.cwd });
  if (!runtime) {
    throw new CommandError(
      "no embedded runtime: no .countersign/runtime.json from this folder upward",
      'start it with "countersign up"; other providers give tokens by their own tools',
      exitCodes.unavailable,
    );
  }
  const needed = flags.scope ?? "all";
  const client = chooseClient(runtime, needed, flags.client);
  const token = await requestToken({ runtime, client, scopes: scopesFor(client, needed) }, Date.now);
  await terminal.print(`${token.value}\n`);
}
