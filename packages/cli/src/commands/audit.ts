import type { Entry } from "@countersign/client/client";
import type { Command } from "commander";
import { entryTable } from "../audit/entry-table.ts";
import { followEntries } from "../audit/follow.ts";
import { type AuditFilters, auditQuery } from "../audit/query.ts";
import { type ConnectionOptions, connect } from "../connection/connect.ts";
import { usageError } from "../output/failure.ts";
import type { Terminal } from "../output/terminal.ts";
import { safeJson } from "../output/text.ts";
import { withConnection } from "./shared-options.ts";

interface AuditFlags extends ConnectionOptions, AuditFilters {
  readonly limit: string;
  readonly all?: true;
  readonly json?: true;
  readonly follow?: true;
}

const auditScopes = ["audit:read"] as const;

/** `countersign audit`. */
export function addAudit(program: Command, terminal: Terminal): void {
  const command = program
    .command("audit")
    .description("query the ledger, newest first; filters combine")
    .option("--execution <arn>", "entries of one execution")
    .option("--subject <subject...>", "issuer and sub, or a sub of the embedded provider")
    .option("--client <id>", "decisions on an OAuth client")
    .option("--scope <scope>", "decisions on a scope")
    .option("--workflow <name>", "decisions on a workflow")
    .option("--outcome <outcome>", "success, failure, denied or unknown")
    .option("--action <action>", "as in execution.started")
    .option("--attribution <kind>", "gate, child, trusted_starter or unattributed")
    .option("--since <time>", "recorded since: 15m, 2h, 7d, or ISO 8601")
    .option("--until <time>", "recorded before")
    .option("--limit <n>", "most entries", "50")
    .option("--all", "all entries of the window")
    .option("--follow", "stay, and print what is recorded; Ctrl-C ends it")
    .option("--json", "print one JSON object a line")
    .addHelpText(
      "after",
      "\nExamples:\n  countersign audit --workflow payout --since 15m\n  countersign audit --outcome denied --since 7d --json",
    );
  withConnection(command).action((flags: AuditFlags) => audit(flags, terminal));
}

async function audit(flags: AuditFlags, terminal: Terminal): Promise<void> {
  const limit = readLimit(flags);
  const { client, runtime } = await connect(flags, auditScopes, terminal);
  const query = auditQuery(flags, Date.now(), runtime?.issuer);
  const show = printer(flags, terminal);
  if (flags.follow) {
    const signal = AbortSignal.any([terminal.closed, interrupted()]);
    const onTrouble = (error: Error) => terminal.notice(`${error.message}; trying again`);
    for await (const entries of followEntries(client, { query, limit, signal, onTrouble }))
      await show(entries);
    return;
  }
  const entries: Entry[] = [];
  for await (const page of client.entryPages({ ...query, limit: Math.min(limit, 100) })) {
    entries.push(...page.entries.slice(0, limit - entries.length));
    if (entries.length >= limit) break;
  }
  if (entries.length === 0) terminal.notice("no entries; widen --since, or drop a filter");
  await show(entries);
}

function printer(flags: AuditFlags, terminal: Terminal): (entries: readonly Entry[]) => Promise<void> {
  if (flags.json) return (entries) => terminal.print(entries.map((entry) => `${safeJson(entry)}\n`).join(""));
  const table = entryTable(terminal.width, terminal.paint);
  let isFirst = true;
  return async (entries) => {
    if (entries.length === 0) return;
    const text = table(entries, isFirst);
    isFirst = false;
    await terminal.print(text.endsWith("\n") ? text : `${text}\n`);
  };
}

function readLimit(flags: AuditFlags): number {
  if (flags.all) return Number.MAX_SAFE_INTEGER;
  const limit = Number(flags.limit);
  if (Number.isInteger(limit) && limit > 0) return limit;
  throw usageError(`--limit is "${flags.limit}"`, "give a whole number above 0, or --all");
}

function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}
