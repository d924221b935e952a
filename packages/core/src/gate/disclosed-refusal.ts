import { type CountersignError, RefusedError } from "../error/errors.ts";
import type { Workflow } from "../policy/workflow.ts";
import type { VerifiedToken } from "../token/verified-token.ts";

/**
 * What the caller is told of a refusal: the same for a workflow that nobody registered and for one that the
 * token holds none of the start scopes of, so that asking does not tell which names exist.
 *
 * Who holds one of them is told what else is asked for. The entry keeps the reason either way.
 */
export function disclosedRefusal(
  error: CountersignError,
  token: VerifiedToken,
  workflow: Workflow | undefined,
): CountersignError {
  if (workflow?.start.scopes.some((scope) => token.scopes.includes(scope))) return error;
  return new RefusedError(
    "policy.scope_insufficient",
    '"scope" has none of the scopes that start this workflow',
    { field: "scope" },
  );
}
