import { AwsError } from "../wire/aws-json.ts";

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken?: string;
}

/**
 * Cuts one page out of items sorted by their key; the token names the last key of the page.
 *
 * @throws {AwsError} ValidationException when the token isn't one of ours.
 */
export function cutPage<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  options: { readonly limit?: number | undefined; readonly nextToken?: string | undefined },
): Page<T> {
  const after = options.nextToken === undefined ? undefined : readToken(options.nextToken);
  const remaining = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const page = remaining.slice(0, options.limit ?? 100);
  const last = page.at(-1);
  if (last === undefined || page.length === remaining.length) return { items: page };
  return { items: page, nextToken: Buffer.from(`after:${keyOf(last)}`).toString("base64url") };
}

function readToken(token: string): string {
  const text = Buffer.from(token, "base64url").toString("utf8");
  if (text.startsWith("after:")) return text.slice("after:".length);
  throw new AwsError("ValidationException", "NextToken is not valid.");
}
