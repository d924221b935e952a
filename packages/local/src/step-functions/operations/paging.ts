import { z } from "zod";
import { AwsError } from "../../wire/aws-json.ts";

/** The paging parameters of a List operation. */
export const pagingParameters = {
  maxResults: z.int().min(0).max(1_000).optional(),
  nextToken: z.string().optional(),
};

/** One page and, where more follows, the token of the next. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken: string | undefined;
}

const tokenShape = z.tuple([z.string(), z.union([z.string(), z.number()])]);

/** The page size asked for; 0 and nothing mean 100. */
export function pageSize(maxResults: number | undefined): number {
  return maxResults || 100;
}

/** Cuts `rows`, read one more than the page size, to a page. */
export function cutPage<T>(
  rows: readonly T[],
  size: number,
  question: string,
  keyOf: (row: T) => string | number,
): Page<T> {
  const items = rows.slice(0, size);
  const last = items.at(-1);
  const hasMore = rows.length > size && last !== undefined;
  return { items, nextToken: hasMore ? writeToken(question, keyOf(last)) : undefined };
}

function writeToken(question: string, key: string | number): string {
  return Buffer.from(JSON.stringify([question, key])).toString("base64url");
}

/**
 * Reads where the last page ended.
 *
 * @throws {AwsError} `InvalidToken` for a token of another question.
 */
export function readToken<K extends string | number>(
  token: string | undefined,
  question: string,
  kind: "string" | "number",
): K | undefined {
  if (token === undefined) return undefined;
  const parsed = tokenShape.safeParse(decode(token));
  if (!parsed.success || parsed.data[0] !== question || typeof parsed.data[1] !== kind) {
    throw new AwsError("InvalidToken", "Invalid Token: 'Invalid token'");
  }
  return parsed.data[1] as K;
}

function decode(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
