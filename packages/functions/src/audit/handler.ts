import type { Clock } from "@countersign/core/clock";
import type { Entry } from "@countersign/core/entry/entry";
import type { LedgerReader, LedgerWriter } from "@countersign/core/ledger/ledger";
import { recordingRefusal } from "@countersign/core/operate/act-entries";
import { auditQueriedEntry, auditRefusedEntry } from "@countersign/core/operate/audit-entries";
import { requireScopes } from "@countersign/core/policy/decide-start";
import { isReference, type Pseudonyms } from "@countersign/core/subject/pseudonyms";
import type { TokenVerifier, VerifiedToken } from "@countersign/core/token/verified-token";
import { type ApiHandler, answering, bearerToken, type ErrorLog, jsonResponse } from "../api/http.ts";
import { type AuditQuery, matches, parametersOf, parseAuditQuery, questionOf } from "./audit-query.ts";

export interface AuditDeps {
  readonly clock: Clock;
  readonly reader: LedgerReader;
  readonly ledger: LedgerWriter;
  readonly verifier: TokenVerifier;
  /** References that stand for subjects on the record; absent where subjects are named as they are. */
  readonly pseudonyms?: Pick<Pseudonyms, "find"> | undefined;
  readonly scopes: readonly string[];
  readonly log: ErrorLog;
}

/** `GET /audit/entries`, for tokens with the audit scopes. Every look is on the record before its answer is given. */
export function auditHandler(deps: AuditDeps): ApiHandler {
  return answering(deps.log, async (event) => {
    const token = await deps.verifier.verify(bearerToken(event));
    const parameters = event.queryStringParameters ?? {};
    return recordingRefusal(
      deps.ledger,
      (error) => auditRefusedEntry(token, parametersOf(parameters), error, deps.clock.now()),
      () => answer(deps, token, parameters),
    );
  });
}

async function answer(deps: AuditDeps, token: VerifiedToken, parameters: Record<string, string | undefined>) {
  requireScopes(new Set(token.scopes), deps.scopes);
  const asked = parseAuditQuery(parameters, deps.clock.now());
  const query = await asRecorded(asked, deps.pseudonyms);
  const { entries, cursor } = await collect(deps.reader, query);
  const { from, to } = query;
  const filters = recordable(query, deps.pseudonyms);
  const look = { ...query, filters, window: { from, to }, results: entries.length };
  await deps.ledger.append(auditQueriedEntry(token, look, deps.clock.now()));
  return jsonResponse(200, { entries, ...(cursor !== undefined && { cursor }), from, to });
}

/** The filters as they may be recorded: a `sub` that no reference stands for may be a person's. */
function recordable({ filters }: AuditQuery, pseudonyms: AuditDeps["pseudonyms"]): Record<string, string> {
  const { sub, ...others } = filters;
  if (sub === undefined) return others;
  return { ...others, sub: pseudonyms && !isReference(sub) ? "[not recorded]" : sub };
}

/** The query by the subject's reference, if it has one; a reference and a client's own name are asked for as they are. */
async function asRecorded(query: AuditQuery, pseudonyms: AuditDeps["pseudonyms"]): Promise<AuditQuery> {
  const { iss, sub } = query.filters;
  if (iss === undefined || sub === undefined) return query;
  const reference = await pseudonyms?.find({ iss, sub });
  return reference ? { ...query, filters: { ...query.filters, ...reference } } : query;
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
