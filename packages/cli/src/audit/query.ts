import type { EntryQuery } from "@countersign/client/client";
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
  /** Epoch milliseconds. */
  readonly since?: number;
  /** Epoch milliseconds. */
  readonly until?: number;
}

/**
 * The API's query for these filters; `issuer` completes a subject that is given by its `sub` alone.
 *
 * @throws {CommandError} when the subject cannot be read.
 */
export function auditQuery(filters: AuditFilters, issuer: string | undefined): EntryQuery {
  const given: Readonly<Record<string, string | undefined>> = {
    executionArn: filters.execution,
    ...(filters.subject && readSubject(filters.subject, issuer)),
    clientId: filters.client,
    scope: filters.scope,
    workflow: filters.workflow,
    outcome: filters.outcome,
    action: filters.action,
    attribution: filters.attribution === "unattributed" ? "none" : filters.attribution,
    from: filters.since?.toString(),
    to: filters.until?.toString(),
  };
  // the API names the field and what it expects when a value is not one it knows
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as EntryQuery;
}

const asInExample = "as in --subject https://login.example.com alice";

/**
 * A subject is the pair of issuer and `sub`, for a `sub` alone is not unique; `issuer` completes the latter.
 *
 * @throws {CommandError} when it cannot be read.
 */
export function readSubject(
  words: readonly string[],
  issuer: string | undefined,
): { readonly iss: string; readonly sub: string } {
  // both in one word are told apart by the issuer, which has no space, while a sub may
  const pair =
    words.length === 1 ? (/^(https?:\/\/\S+) +(.+)$/.exec(words[0] ?? "")?.slice(1) ?? words) : words;
  const [iss = issuer, sub = ""] = pair.length === 1 ? [issuer, pair[0]] : pair;
  if (pair.length > 2 || (pair.length === 2 && !URL.canParse(pair[0] ?? ""))) {
    throw usageError(`--subject has ${pair.length} words, expected an issuer and a sub`, asInExample);
  }
  if (sub === "") throw usageError("--subject has no sub, expected an issuer and a sub", asInExample);
  if (iss === undefined) {
    throw usageError("--subject gives no issuer, and a sub alone is not unique", asInExample);
  }
  return { iss, sub };
}
