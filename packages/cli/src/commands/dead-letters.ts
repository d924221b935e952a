import type { DeadLetter, Redriven } from "@countersign/client/client";
import { type ConnectionOptions, connect } from "../connection/connect.ts";
import { type ExitCode, exitCodes } from "../output/exit-codes.ts";
import { CommandError } from "../output/failure.ts";
import { byOptionNames } from "../output/option-names.ts";
import type { Terminal } from "../output/terminal.ts";
import { neutralize, safeJson } from "../output/text.ts";
import { localDateTime } from "../output/time.ts";

type Options = ConnectionOptions & { readonly json?: boolean };

const needed = ["operations:write"];
/** The most ids the API takes at once. */
const mostIds = 100;

/** Prints the messages that could not be handled. @throws {CommandError} */
export async function listDeadLetters(
  options: Options & { readonly limit?: number },
  terminal: Terminal,
): Promise<ExitCode> {
  const { client } = await connect(options, needed, terminal);
  const { limit } = options;
  const letters = await client
    .listDeadLetters(limit === undefined ? {} : { limit })
    .catch((error: unknown) => {
      throw byOptionNames(error);
    });
  if (options.json) await terminal.print(letters.map((letter) => `${safeJson(letter)}\n`).join(""));
  else if (letters.length === 0) terminal.notice("no dead letters");
  else await terminal.print(letters.map((letter) => letterText(letter, terminal)).join("\n"));
  return exitCodes.ok;
}

/** Sends dead letters back to their queues: those named, or all. @throws {CommandError} */
export async function redriveDeadLetters(
  ids: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<ExitCode> {
  const { client } = await connect(options, needed, terminal);
  const result: Redriven = { redriven: [], kept: [] };
  for (const batch of batches(ids)) {
    const { redriven, kept } = await client.redriveDeadLetters(batch);
    result.redriven.push(...redriven);
    result.kept.push(...kept);
  }
  const found = new Set([...result.redriven, ...result.kept]);
  const unknown = ids.filter((id) => !found.has(id));
  if (unknown.length > 0 && found.size === 0) throw notFound(unknown);
  await terminal.print(options.json ? `${safeJson(result, 2)}\n` : redrivenText(result));
  if (unknown.length > 0) terminal.notice(notFound(unknown).message);
  return exitCodes.ok;
}

function notFound(ids: readonly string[]): CommandError {
  return new CommandError(
    `no dead letter was found by the id ${ids.join(" or ")}`,
    'see the ids with "countersign dead-letters list"',
    exitCodes.refused,
  );
}

function batches(ids: readonly string[]): (readonly string[] | undefined)[] {
  if (ids.length === 0) return [undefined];
  const count = Math.ceil(ids.length / mostIds);
  return Array.from({ length: count }, (_, index) => ids.slice(index * mostIds, (index + 1) * mostIds));
}

function letterText(letter: DeadLetter, { paint }: Terminal): string {
  const facts = `${letter.queue}, tried ${letter.receiveCount} times, ${letter.bytes} bytes`;
  const fate = letter.redrivable ? "can be redriven" : "cannot be redriven: its body could not be read";
  return [
    `${localDateTime(letter.at)}  ${paint("bold", neutralize(letter.id))}`,
    `  ${paint("red", neutralize(letter.code))}: ${neutralize(letter.reason)}`,
    `  ${facts}, ${fate}\n`,
  ].join("\n");
}

function redrivenText({ redriven, kept }: Redriven): string {
  const lines = [
    ...redriven.map((id) => `redriven  ${neutralize(id)}`),
    ...kept.map((id) => `kept      ${neutralize(id)} (holds nothing that could be sent)`),
  ];
  return `${lines.length === 0 ? "nothing to redrive" : lines.join("\n")}\n`;
}
