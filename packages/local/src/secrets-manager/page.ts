import { z } from "zod";
import { AwsError } from "../wire/aws-json.ts";
import * as wire from "../wire/page.ts";

/** What lists take to page. */
export const pagingSchema = {
  MaxResults: z.int().min(1).max(100).optional(),
  NextToken: z.string().min(1).max(4096).optional(),
};

interface PageRequest {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

/** Cuts one page. @throws {AwsError} InvalidNextTokenException for another's token. */
export function cutPage<T, K extends string | number>(
  items: readonly T[],
  keyOf: (item: T) => K,
  { MaxResults, NextToken }: PageRequest,
): wire.Page<T> {
  const refusal = () => new AwsError("InvalidNextTokenException", "NextToken is not valid.");
  return wire.cutPage(items, keyOf, { limit: MaxResults, token: NextToken, refusal });
}
