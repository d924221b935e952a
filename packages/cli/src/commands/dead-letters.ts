import type { Command } from "commander";
import { type ConnectionOptions, connect } from "../connection/connect.ts";
import { fieldLines } from "../output/fields.ts";
import type { Terminal } from "../output/terminal.ts";
import { safeJson } from "../output/text.ts";
import { localDateTime } from "../output/time.ts";
import { withConnection } from "./shared-options.ts";

interface Flags extends ConnectionOptions {
  readonly json?: true;
}

const operationScopes = ["operations:write"] as const;

/** `countersign dead-letters list` and `redrive`. */
export function addDeadLetters(program: Command, terminal: Terminal): void {
  const letters = program
    .command("dead-letters")
    .description("messages that could not be handled in all their tries");
  const list = letters
    .command("list")
    .description("show them, and why")
    .option("--json", "print one JSON object a line");
  withConnection(list).action((flags: Flags) => showLetters(flags, terminal));

  const redrive = letters
    .command("redrive [id...]")
    .description("send them back to the queues they came from; all, or those named")
    .addHelpText("after", "\nExample:\n  countersign dead-letters redrive");
  withConnection(redrive).action(async (ids: string[], flags: Flags) => {
    const { client } = await connect(flags, operationScopes, terminal);
    const { redriven, kept } = await client.redriveDeadLetters(ids.length > 0 ? ids : undefined);
    await terminal.print(
      `${redriven.length} sent back, ${kept.length} kept (they hold nothing that could be sent)\n`,
    );
  });
}

async function showLetters(flags: Flags, terminal: Terminal): Promise<void> {
  const { client } = await connect(flags, operationScopes, terminal);
  const letters = await client.listDeadLetters();
  if (letters.length === 0) terminal.notice("no dead letters");
  for (const letter of letters) {
    const fields = {
      id: letter.id,
      queue: letter.queue,
      reason: `${letter.reason} (${letter.code})`,
      at: localDateTime(letter.at),
      receives: String(letter.receiveCount),
      body: `${letter.bytes} bytes, SHA-256 ${letter.sha256}`,
      redrivable: letter.redrivable ? "yes" : "no",
    };
    await terminal.print(flags.json ? `${safeJson(letter)}\n` : `${fieldLines(fields)}\n`);
  }
}
