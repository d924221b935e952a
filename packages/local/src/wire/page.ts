import type { AwsError } from "./aws-json.ts";

/** One page, and where more follows the token of the next. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken?: string;
}

export interface PageOptions {
  /** 100 unless given. */
  readonly limit?: number | undefined;
  readonly token?: string | undefined;
  /** What a token that isn't one of ours is answered with. */
  readonly refusal: () => AwsError;
}

/**
 * Cuts one page out of items sorted by their key; the token names the last key of the page.
 *
 * @throws {AwsError} `refusal` when the token isn't one of ours.
 */
export function cutPage<T, K extends string | number>(
  items: readonly T[],
  keyOf: (item: T) => K,
  { limit = 100, token, refusal }: PageOptions,
): Page<T> {
  const after = token === undefined ? undefined : readToken<K>(token);
  if (token !== undefined && after === undefined) throw refusal();
  const remaining = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const page = remaining.slice(0, limit);
  const last = page.at(-1);
  if (last === undefined || page.length === remaining.length) return { items: page };
  return {
    items: page,
    nextToken: Buffer.from(JSON.stringify({ after: keyOf(last) })).toString("base64url"),
  };
}

function readToken<K>(token: string): K | undefined {
  try {
    return (JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as { after?: K } | null)?.after;
  } catch {
    return undefined;
  }
}
