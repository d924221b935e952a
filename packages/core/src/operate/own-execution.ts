import type { ExecutionState, Grant } from "../execution/execution-state.ts";
import { isLive } from "../execution/execution-state.ts";
import { type ExecutionDescription, grantIdOf, isMapChild } from "../execution/step-functions.ts";
import { inheritedGrant, type OriginDeps } from "../recorder/origin.ts";
import type { VerifiedToken } from "../token/verified-token.ts";

/**
 * Whether an execution is the token's own: subject (iss and sub) and client are those of a grant of the instance
 * that Step Functions describes, or of the ancestor that a child inherited from.
 *
 * A name can come to stand for another instance, and anyone may start one under a name that is not taken: the
 * grants of other instances don't count, and one that has no startDate yet only where the input carries its id.
 */
export async function isOwnExecution(
  deps: OriginDeps,
  state: ExecutionState,
  described: ExecutionDescription,
  token: VerifiedToken,
): Promise<boolean> {
  const grants = grantsOfInstance(state, described);
  if (grants.length > 0) return grants.some((grant) => isOf(grant, token));
  if (!isChild(state, described)) return false;
  const inherited = await inheritedGrant(deps, described);
  return inherited !== undefined && isOf(inherited, token);
}

function grantsOfInstance({ grants }: ExecutionState, described: ExecutionDescription): readonly Grant[] {
  const begun = grants.filter(({ startDate }) => startDate === described.startDate);
  if (begun.length > 0) return begun;
  const named = grantIdOf(described.input);
  return grants.filter((grant) => grant.startDate === undefined && isLive(grant) && grant.grantId === named);
}

function isChild(state: ExecutionState, { executionArn, startDate, redriveCount }: ExecutionDescription) {
  if (state.attribution !== "child" || state.startDate !== startDate) return false;
  // Who redrives a nested execution is not its parent; a Map's child is redriven by the Map that runs it.
  return state.redriveCount === redriveCount || isMapChild(executionArn);
}

function isOf({ subject, clientId }: Grant, token: VerifiedToken): boolean {
  return (
    subject.iss === token.subject.iss && subject.sub === token.subject.sub && clientId === token.clientId
  );
}
