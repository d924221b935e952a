import type { Client, Entry, EntryQuery } from "@countersign/client/client";
import { followEntries } from "../audit/follow.ts";
import { type AuditFilters, auditQuery } from "../audit/query.ts";
import { type ConnectionOptions, connect } from "../connection/connect.ts";
import { type ExitCode, exitCodes } from "../output/exit-codes.ts";
import { byOptionNames, proposingNearest } from "../output/option-names.ts";
import type { Terminal } from "../output/terminal.ts";
import { safeJson } from "../output/text.ts";
import { findExecution } from "./find-execution.ts";
import { interruption } from "./interruption.ts";

export interface AuditOptions extends ConnectionOptions, AuditFilters {
  readonly limit?: number;
  readonly all?: boolean;
  readonly json?: boolean;
  readonly follow?: boolean;
}

/** Writes a batch of entries in the order given. */
type Write = (entries: readonly Entry[]) => Promise<void>;

const defaultLimit = 50;
const defaultFollowLimit = 10;
/** The most entries the API gives in a page. */
const pageSize = 100;

/** Prints what the ledger holds, and with `--follow` what comes. @throws {CommandError} */
export async function showAudit(options: AuditOptions, terminal: Terminal): Promise<ExitCode> {
  const { client, runtime } = await connect(options, ["audit:read"], terminal);
  const execution = options.execution && (await findExecution(client, options.execution));
  const query = auditQuery({ ...options, ...(execution && { execution }) }, runtime?.issuer);
  const write = options.json ? jsonLines(terminal) : await tables(terminal, options.follow === true);
  const show = options.follow ? follow : list;
  await show(client, query, options, write, terminal).catch((error: unknown) => {
    throw byOptionNames(proposingNearest(error, "action", options.action));
  });
  return exitCodes.ok;
}

async function list(
  client: Client,
  query: EntryQuery,
  options: AuditOptions,
  write: Write,
  terminal: Terminal,
): Promise<void> {
  const most = options.all ? Number.POSITIVE_INFINITY : (options.limit ?? defaultLimit);
  let count = 0;
  for await (const page of client.entryPages({ ...query, limit: Math.min(most, pageSize) })) {
    const entries = page.entries.slice(0, most - count);
    count += entries.length;
    await write(entries);
    if (terminal.closed.aborted) return;
    if (count < most) continue;
    if (page.cursor !== undefined || entries.length < page.entries.length) {
      terminal.notice(`the newest ${count} entries; --limit or --all shows more`);
    }
    return;
  }
  if (count === 0) terminal.notice("no entries");
}

async function follow(
  client: Client,
  query: EntryQuery,
  options: AuditOptions,
  write: Write,
  terminal: Terminal,
): Promise<void> {
  const interrupt = interruption();
  try {
    const batches = followEntries(client, {
      query,
      limit: options.all ? Number.POSITIVE_INFINITY : (options.limit ?? defaultFollowLimit),
      isShown: (entry) => isFollowed(entry, query),
      signal: AbortSignal.any([interrupt.signal, terminal.closed]),
      onTrouble: (error) => terminal.notice(`${error.message}; asking again`),
    });
    for await (const batch of batches) await write(batch);
  } finally {
    interrupt.release();
  }
}

/** Following is querying, which is recorded: shown, each look would be the cause of the next line. */
function isFollowed(entry: Entry, query: EntryQuery): boolean {
  return entry.action !== "audit.queried" || query.action === "audit.queried";
}

function jsonLines(terminal: Terminal): Write {
  return (entries) => terminal.print(entries.map((entry) => `${safeJson(entry)}\n`).join(""));
}

/**
 * The head stands once, above the first batch; who follows on a terminal sees it though there is nothing yet.
 * Elsewhere columns are as wide as the first batch needs.
 */
async function tables(terminal: Terminal, isFollowing: boolean): Promise<Write> {
  const { entryTable } = await import("../audit/entry-table.ts");
  const table = entryTable(terminal.width, terminal.paint);
  let hasHead = true;
  return async (entries) => {
    const isAwaited = isFollowing && hasHead && terminal.width !== undefined;
    if (entries.length === 0 && !isAwaited) return;
    await terminal.print(table(entries, hasHead));
    hasHead = false;
  };
}
