import type { RefusalCount } from "@countersign/core/refusals/count-refusals";
import type { ApiHandler, ApiResponse } from "./http.ts";
import { sourcePrefix } from "./source-prefix.ts";

/**
 * Counts the requests a handler refused before it had a verified token: they name no subject, and an entry for
 * each would let anyone buy writes.
 *
 * The source is the one API Gateway saw, never what a header says.
 */
export function countedRefusals(refusals: RefusalCount, handler: ApiHandler): ApiHandler {
  return async (event, context) => {
    const response = await handler(event, context);
    const reason = unverifiedRefusal(response);
    // Awaited, because Lambda freezes what still runs when the answer has been given.
    if (reason === undefined) await refusals.settle();
    else await refusals.count(reason, sourcePrefix(event.requestContext.http.sourceIp));
    return response;
  };
}

/** The error code of an answer to a request whose token was not verified. */
function unverifiedRefusal({ statusCode, body = "" }: ApiResponse): string | undefined {
  if (statusCode !== 401 && statusCode !== 400) return undefined;
  const { code, field } = JSON.parse(body) as { code: string; field?: string };
  // Found to be used before only after it was verified, and recorded with its subject.
  if (statusCode === 401) return code === "token.replayed" ? undefined : code;
  return field === "Authorization" ? code : undefined;
}
