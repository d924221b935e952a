import { z } from "zod";
import { AwsError } from "../wire/aws-json.ts";

/** What lists take to page. */
export const pagingSchema = {
  MaxResults: z.int().min(1).max(100).optional(),
  NextToken: z.string().min(1).max(4096).optional(),
};

interface PageRequest {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

/**
 * Cuts one page out of items sorted by their key; the token names the last key of the page.
 *
 * @throws {AwsError} InvalidNextTokenException when the token isn't one of ours.
 */
export function cutPage<T, K extends string | number>(
  items: readonly T[],
  keyOf: (item: T) => K,
  request: PageRequest,
): { items: readonly T[]; nextToken?: string } {
  const after = request.NextToken === undefined ? undefined : readToken<K>(request.NextToken);
  const remaining = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const page = remaining.slice(0, request.MaxResults ?? 100);
  const last = page.at(-1);
  if (last === undefined || page.length === remaining.length) return { items: page };
  return {
    items: page,
    nextToken: Buffer.from(JSON.stringify({ after: keyOf(last) })).toString("base64url"),
  };
}

function readToken<K>(token: string): K {
  try {
    const { after } = JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as { after?: K };
    if (after !== undefined) return after;
  } catch {
    // Falls through: whatever doesn't read as a token of ours is refused alike.
  }
  throw new AwsError("InvalidNextTokenException", "NextToken is not valid.");
}
