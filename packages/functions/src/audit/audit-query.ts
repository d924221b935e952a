import type { EntryAction } from "@countersign/core/entry/actions";
import { entryActions } from "@countersign/core/entry/actions";
import { type Attribution, attributions, type Entry } from "@countersign/core/entry/entry";
import { InvalidInputError } from "@countersign/core/error/errors";
import type { Question } from "@countersign/core/ledger/ledger";
import { z } from "zod";

/** The filters of an audit query; they combine. */
export interface AuditFilters {
  readonly executionArn?: string;
  readonly iss?: string;
  readonly sub?: string;
  readonly clientId?: string;
  readonly scope?: string;
  readonly workflow?: string;
  readonly outcome?: Entry["outcome"];
  readonly action?: EntryAction;
  readonly attribution?: Attribution;
}

export interface AuditQuery {
  readonly filters: AuditFilters;
  readonly from: number;
  readonly to: number;
  /** The window's ends as the caller wrote them, where it did. */
  readonly asked: { readonly from?: string | undefined; readonly to?: string | undefined };
  readonly limit: number;
  readonly cursor?: string;
}

/** How far back a query looks when it names no start, unless a key narrows it. */
const defaultWindowDays = 7;

/** A date, or a date and time in UTC or with its offset: what means the same wherever it is read. */
const iso8601 = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/;

const instant = z.string().transform((text, context) => {
  const at = /^\d{1,15}$/.test(text) ? Number(text) : iso8601.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  context.addIssue({
    code: "custom",
    message: "is not a time, expected milliseconds since 1970 or ISO 8601",
  });
  return z.NEVER;
});

/**
 * A value as long as an entry's can be: longer ones are on none. In bytes it is three times that at most, which
 * keeps the key of an execution within what DynamoDB takes; the keys of other values are bounded by themselves.
 */
const text = (max: number) => z.string().min(1).max(max, `is longer than ${max} characters`);
const parameters = z
  .strictObject({
    executionArn: text(512).startsWith("arn:").optional(),
    iss: text(2048).optional(),
    sub: text(1024).optional(),
    clientId: text(1024).optional(),
    scope: text(256).optional(),
    workflow: text(80).optional(),
    outcome: z.enum(["success", "failure", "denied", "unknown"]).optional(),
    action: z.enum(entryActions).optional(),
    attribution: z.enum(attributions).optional(),
    from: instant.optional(),
    to: instant.optional(),
    limit: z
      .string()
      .regex(/^(?:[1-9]\d?|100)$/, "is not a whole number from 1 to 100")
      .transform(Number)
      .default(50),
    cursor: text(2048).optional(),
  })
  .superRefine(({ iss, sub }, context) => {
    if ((iss === undefined) === (sub === undefined)) return;
    const [missing, given] = iss === undefined ? ["iss", "sub"] : ["sub", "iss"];
    context.addIssue({
      code: "custom",
      path: [missing],
      message: `is missing beside "${given}", expected both`,
    });
  });

/**
 * Reads an audit query.
 *
 * @throws {InvalidInputError} `request.malformed`, naming the parameter.
 */
export function parseAuditQuery(query: Record<string, string | undefined>, now: number): AuditQuery {
  const parsed = parameters.safeParse(query);
  if (!parsed.success) throw malformed(parsed.error.issues[0]);
  const { from, to, limit, cursor, ...rest } = parsed.data;
  const filters = Object.fromEntries(
    Object.entries(rest).filter(([, value]) => value !== undefined),
  ) as AuditFilters;
  const end = to ?? now + 1;
  const start = from ?? (questionOf(filters).by === "time" ? end - defaultWindowDays * 86_400_000 : 0);
  if (start >= end)
    throw new InvalidInputError("request.malformed", '"from" is not before "to"', { field: "from" });
  return {
    filters,
    from: Math.max(0, start),
    to: end,
    asked: { from: query["from"], to: query["to"] },
    limit,
    ...(cursor !== undefined && { cursor }),
  };
}

/** The names of the parameters that a query has and that we know. */
export function parametersOf(query: Record<string, string | undefined>): string[] {
  return Object.keys(query)
    .filter((name) => Object.hasOwn(parameters.shape, name))
    .sort();
}

/** The question that narrows most; the other filters are applied to its answers. */
export function questionOf(filters: AuditFilters): Question {
  const { executionArn, iss, sub, clientId, scope, workflow, outcome } = filters;
  if (executionArn !== undefined) return { by: "execution", executionArn };
  if (iss !== undefined && sub !== undefined) return { by: "subject", subject: { iss, sub } };
  if (clientId !== undefined) return { by: "client", clientId };
  if (scope !== undefined) return { by: "scope", scope };
  if (workflow !== undefined) return { by: "workflow", workflow };
  if (outcome !== undefined && outcome !== "success") return { by: "outcome", outcome };
  return { by: "time" };
}

/** Whether an entry passes every filter. */
export function matches(entry: Entry, filters: AuditFilters): boolean {
  return (
    fits(filters.executionArn, entry.executionArn) &&
    fits(filters.iss, entry.subject?.iss) &&
    fits(filters.sub, entry.subject?.sub) &&
    fits(filters.clientId, entry.clientId) &&
    fits(filters.workflow, entry.workflow) &&
    fits(filters.outcome, entry.outcome) &&
    fits(filters.action, entry.action) &&
    fits(filters.attribution, entry.attribution) &&
    (filters.scope === undefined || (entry.scopes?.includes(filters.scope) ?? false))
  );
}

function fits(wanted: string | undefined, actual: string | undefined): boolean {
  return wanted === undefined || wanted === actual;
}

function malformed(issue: z.core.$ZodIssue | undefined): InvalidInputError {
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const field = unknown ?? issue?.path.join(".") ?? "query";
  const fact = unknown === undefined ? (issue?.message ?? "is malformed") : "is not a filter";
  return new InvalidInputError("request.malformed", `"${field}" ${fact}`, { field });
}
