import type { Entry, EntryPage } from "@countersign/client/client";
import { type Received, serve, type TestAnswer, type TestServer } from "./serve.ts";

/** An API that answers audit queries from memory, by a clock of its own. */
export interface LedgerServer extends TestServer {
  readonly entries: Entry[];
  /** The API's clock, in epoch milliseconds. */
  now: number;
  /** Answers to give before it answers properly again. */
  readonly troubles: TestAnswer[];
}

/** Serves `GET /audit/entries` as the API does: newest first, `from` inclusive, `to` exclusive, in pages. */
export async function serveLedger(now: number): Promise<LedgerServer> {
  const ledger = { entries: [] as Entry[], now, troubles: [] as TestAnswer[] };
  const server = await serve((request) => ledger.troubles.shift() ?? { body: pageOf(request, ledger) });
  return Object.assign(ledger, server);
}

function pageOf({ url }: Received, ledger: Pick<LedgerServer, "entries" | "now">): EntryPage {
  const query = (name: string, otherwise: number) => Number(url.searchParams.get(name) ?? otherwise);
  const [from, to, limit, start] = [
    query("from", 0),
    query("to", ledger.now + 1),
    query("limit", 50),
    query("cursor", 0),
  ] as const;
  const found = ledger.entries
    .filter(({ recordedAt }) => recordedAt >= from && recordedAt < to)
    .sort((one, other) => other.recordedAt - one.recordedAt);
  const isLast = start + limit >= found.length;
  return {
    entries: found.slice(start, start + limit),
    from,
    to,
    ...(!isLast && { cursor: String(start + limit) }),
  };
}
