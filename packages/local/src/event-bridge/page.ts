import { AwsError } from "../wire/aws-json.ts";
import * as wire from "../wire/page.ts";

/** Cuts one page as List operations ask for it. @throws {AwsError} ValidationException for another's token. */
export function cutPage<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  { limit, nextToken }: { readonly limit?: number | undefined; readonly nextToken?: string | undefined },
): wire.Page<T> {
  const refusal = () => new AwsError("ValidationException", "NextToken is not valid.");
  return wire.cutPage(items, keyOf, { limit, token: nextToken, refusal });
}
