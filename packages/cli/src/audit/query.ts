import type { EntryQuery } from "@countersign/client/client";
import { readTime } from "../input/time-input.ts";
import { usageError } from "../output/failure.ts";

/** The filters of `countersign audit` as they are typed. */
export interface AuditFilters {
  readonly execution?: string;
  readonly subject?: readonly string[];
  readonly client?: string;
  readonly scope?: string;
  readonly workflow?: string;
  readonly outcome?: string;
  readonly action?: string;
  readonly attribution?: string;
  readonly since?: string;
  readonly until?: string;
}

/**
 * The API's query for these filters; `issuer` completes a subject that is given by its `sub` alone.
 *
 * @throws {CommandError} when a time or the subject cannot be read.
 */
export function auditQuery(filters: AuditFilters, now: number, issuer: string | undefined): EntryQuery {
  const given: Record<keyof EntryQuery & string, string | undefined> | Record<string, string | undefined> = {
    executionArn: filters.execution,
    ...readSubject(filters.subject, issuer),
    clientId: filters.client,
    scope: filters.scope,
    workflow: filters.workflow,
    outcome: filters.outcome,
    action: filters.action,
    attribution: filters.attribution === "unattributed" ? "none" : filters.attribution,
    from: filters.since && String(readTime(filters.since, "--since", now)),
    to: filters.until && String(readTime(filters.until, "--until", now)),
  };
  // the API names the field and what it expects when a value is not one it knows
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as EntryQuery;
}

/** A subject is the pair of issuer and `sub`, for a `sub` alone is not unique. */
function readSubject(
  words: readonly string[] | undefined,
  issuer: string | undefined,
): { readonly iss?: string; readonly sub?: string } {
  if (words === undefined) return {};
  const [, iss = issuer, sub] = /^(?:(https?:\/\/\S+) +)?(.+)$/.exec(words.join(" ")) ?? [];
  if (iss !== undefined && sub !== undefined) return { iss, sub };
  throw usageError(
    "--subject gives no issuer, and a sub alone is not unique",
    'give both, as in --subject "https://login.example.com alice"',
  );
}
