import { requestToken } from "../connection/request-token.ts";
import { findRuntime } from "../connection/runtime-file.ts";
import { chooseClient, scopesFor } from "../connection/seeded-client.ts";
import { type ExitCode, exitCodes } from "../output/exit-codes.ts";
import { CommandError } from "../output/failure.ts";
import type { Terminal } from "../output/terminal.ts";

export interface TokenOptions {
  readonly client?: string;
  readonly scope?: readonly string[];
  readonly stateDir?: string;
}

/** Prints an access token of the embedded provider, and nothing else. @throws {CommandError} */
export async function printToken(options: TokenOptions, terminal: Terminal): Promise<ExitCode> {
  const { env, cwd } = terminal;
  const runtime = await findRuntime({ stateDir: options.stateDir, env, cwd });
  if (!runtime) {
    throw new CommandError(
      "no embedded runtime: no .countersign/runtime.json from this folder upward",
      'start one with "countersign up"; for another provider, get a token from it as it documents',
      exitCodes.unavailable,
    );
  }
  const needed = options.scope ?? "all";
  const client = chooseClient(runtime, needed, options.client);
  const scopes = scopesFor(client, needed);
  const token = await requestToken({ runtime, client, scopes, options: "--client and --scope" }, Date.now);
  await terminal.print(`${token.value}\n`);
  return exitCodes.ok;
}
