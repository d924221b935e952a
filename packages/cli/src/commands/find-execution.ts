import type { Client } from "@countersign/client/client";
import { type ConnectionOptions, connect } from "../connection/connect.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { CommandError } from "../output/failure.ts";
import type { Terminal } from "../output/terminal.ts";

/** The most pages of a workflow's entries that are looked through. */
const mostPages = 10;
const pageSize = 100;

/**
 * The ARN of an execution that is given by it, or as `<workflow>/<name>` as the table shows it, cut or whole.
 * The latter is looked up in the ledger, as whichever embedded client may read it.
 *
 * @throws {CommandError} when there is none, or more than one.
 */
export async function executionArnOf(
  reference: string,
  options: ConnectionOptions,
  terminal: Terminal,
): Promise<string> {
  if (!isPlace(reference)) return reference;
  const { as, ...others } = options;
  const { client } = await connect(others, ["audit:read"], terminal);
  return findExecution(client, reference);
}

/** The same, of a client that may read the ledger. @throws {CommandError} when there is none, or more than one. */
export async function findExecution(client: Client, reference: string): Promise<string> {
  if (!isPlace(reference)) return reference;
  const [workflow = "", name = ""] = reference.split("/");
  const found = new Set<string>();
  let pagesRead = 0;
  for await (const { entries } of client.entryPages({ workflow, limit: pageSize })) {
    for (const { executionArn } of entries) {
      if (executionArn !== undefined && isNamed(executionArn, name)) found.add(executionArn);
    }
    pagesRead += 1;
    // a cut name may be that of another execution further back
    if (pagesRead === mostPages || (found.size > 0 && !isCut(name))) break;
  }
  const [first, ...more] = found;
  if (first !== undefined && more.length === 0) return first;
  throw notOne(reference, found.size, workflow);
}

function isPlace(reference: string): boolean {
  return /^[^/:]+\/[^/:]+$/.test(reference);
}

function isCut(name: string): boolean {
  return name.endsWith("…");
}

function isNamed(executionArn: string, name: string): boolean {
  const actual = executionArn.split(":").at(-1) ?? "";
  return isCut(name) ? actual.startsWith(name.slice(0, -1)) : actual === name;
}

function notOne(reference: string, count: number, workflow: string): CommandError {
  const fact = count === 0 ? "is no execution" : `may be any of ${count} executions`;
  return new CommandError(
    `${reference} ${fact} among the newest entries of that workflow`,
    `give its ARN, as in "countersign audit --workflow ${workflow} --json | jq -r .executionArn"`,
    exitCodes.refused,
  );
}
