import type { Clock } from "@countersign/core/clock";
import type { Entry } from "@countersign/core/entry/entry";
import type { LedgerReader } from "@countersign/core/ledger/ledger";
import { requireScopes } from "@countersign/core/policy/decide-start";
import type { TokenVerifier } from "@countersign/core/token/verified-token";
import { type ApiHandler, answering, bearerToken, type ErrorLog, jsonResponse } from "../api/http.ts";
import { type AuditQuery, matches, parseAuditQuery, questionOf } from "./audit-query.ts";

export interface AuditDeps {
  readonly clock: Clock;
  readonly reader: LedgerReader;
  readonly verifier: TokenVerifier;
  readonly scopes: readonly string[];
  readonly log: ErrorLog;
}

/** `GET /audit/entries`, for tokens with the audit scopes. */
export function auditHandler(deps: AuditDeps): ApiHandler {
  return answering(deps.log, async (event) => {
    const token = await deps.verifier.verify(bearerToken(event));
    requireScopes(new Set(token.scopes), deps.scopes);
    const query = parseAuditQuery(event.queryStringParameters ?? {}, deps.clock.now());
    const { entries, cursor } = await collect(deps.reader, query);
    return jsonResponse(200, {
      entries,
      ...(cursor !== undefined && { cursor }),
      from: query.from,
      to: query.to,
    });
  });
}

/** Most pages read for one answer: a filter that little passes yields a short page and a cursor, not a long wait. */
const maxPagesRead = 10;

async function collect(
  reader: LedgerReader,
  query: AuditQuery,
): Promise<{ entries: Entry[]; cursor?: string }> {
  const question = questionOf(query.filters);
  const entries: Entry[] = [];
  let cursor = query.cursor;
  for (let pages = 0; pages < maxPagesRead; pages += 1) {
    const limit = query.limit - entries.length;
    const page = await reader.query(question, {
      from: query.from,
      to: query.to,
      limit,
      ...(cursor !== undefined && { cursor }),
    });
    entries.push(...page.entries.filter((entry) => matches(entry, query.filters)));
    cursor = page.cursor;
    if (cursor === undefined || entries.length >= query.limit) break;
  }
  return { entries, ...(cursor !== undefined && { cursor }) };
}
