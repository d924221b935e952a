import type { Clock } from "../clock.ts";
import { ConflictError, RefusedError } from "../error/errors.ts";
import type { ExecutionState, Grant } from "../execution/execution-state.ts";
import type { ExecutionStore } from "../execution/execution-store.ts";
import type { ExecutionReader } from "../execution/step-functions.ts";
import type { LedgerWriter } from "../ledger/ledger.ts";
import { type StartRate, startBudgets, type TokenUses } from "../policy/limits.ts";
import type { Workflow } from "../policy/workflow.ts";
import type { VerifiedToken } from "../token/verified-token.ts";
import { completeStart } from "./complete-start.ts";
import { refuseForeign, standingExecution } from "./standing-execution.ts";

export interface ClaimDeps {
  readonly clock: Clock;
  readonly ledger: LedgerWriter;
  readonly executions: ExecutionStore;
  readonly startRate: StartRate;
  readonly tokenUses: TokenUses;
  readonly reader: Pick<ExecutionReader, "describe">;
}

/** A start about to be made under an execution's name. */
export interface Claim {
  readonly executionArn: string;
  readonly token: VerifiedToken;
  readonly tokenUse: "many" | "once";
  readonly workflow: Workflow;
  readonly intent: ExecutionState;
  readonly grant: Grant;
}

/** The name is ours, under this revision of the state; or an earlier request with the same key has started it. */
export type Claimed =
  | { readonly kind: "ours"; readonly revision: number }
  | { readonly kind: "earlier"; readonly startDate: number; readonly grant: Grant };

/**
 * Writes the intent under the execution's name, and counts the start and the use of its token; or finds what
 * an earlier request under the same key has come to.
 *
 * @throws {RefusedError} for a rate, a token used before, another request under the key, an execution that
 * took the name, or an earlier request whose outcome is not known yet.
 */
export async function claimStart(deps: ClaimDeps, claim: Claim): Promise<Claimed> {
  const [intent, starts, use] = await Promise.allSettled([
    deps.executions.put(claim.intent),
    takeBudgets(deps, claim),
    takeToken(deps, claim),
  ]);
  const giveBack = async () => {
    if (starts.status === "fulfilled") await starts.value?.giveBack();
  };
  try {
    const claimed = intent.status === "fulfilled" ? ours(1) : await earlierStart(deps, claim, intent.reason);
    if (claimed.kind === "earlier") {
      await giveBack();
      return claimed;
    }
    const refused = [starts, use].find(({ status }) => status === "rejected");
    if (refused?.status !== "rejected") return claimed;
    await deps.executions.remove(claim.executionArn, claimed.revision);
    throw refused.reason;
  } catch (error) {
    await giveBack();
    throw error;
  }
}

function ours(revision: number): Claimed & { kind: "ours" } {
  return { kind: "ours", revision };
}

async function takeBudgets({ startRate }: ClaimDeps, { token, workflow }: Claim) {
  const budgets = startBudgets(token, workflow);
  return budgets.length > 0 ? startRate.take(budgets) : undefined;
}

async function takeToken({ tokenUses }: ClaimDeps, { token, tokenUse, executionArn }: Claim): Promise<void> {
  if (tokenUse === "many") return;
  await tokenUses.take({ fingerprint: token.fingerprint, executionArn, until: token.expiresAt });
}

/** What an earlier request under this key came to; when it came to nothing, this one takes its place. */
async function earlierStart(deps: ClaimDeps, claim: Claim, conflict: unknown): Promise<Claimed> {
  if (!(conflict instanceof ConflictError)) throw conflict;
  const state = await deps.executions.get(claim.executionArn);
  // The earlier request has come to nothing since, and took its intent back.
  if (!state) throw unresolved();
  const grant = state.grants.find(({ redriveCount }) => redriveCount === 0);
  if (!grant) return ungranted(deps, claim, state);
  if (grant.requestHash !== claim.grant.requestHash) {
    throw new RefusedError("execution.conflict", '"Idempotency-Key" was used for another request', {
      field: "Idempotency-Key",
    });
  }
  if (grant.startDate !== undefined) return { kind: "earlier", startDate: grant.startDate, grant };
  if (grant.state === "authorizing") return resolve(deps, claim, grant);
  if (state.open || grant.state === "revoking") throw unresolved();
  return claimAgain(deps, claim, state);
}

/** The earlier request got to StartExecution or it did not; what stands under the name tells, as far as it can. */
async function resolve(deps: ClaimDeps, claim: Claim, grant: Grant): Promise<Claimed> {
  const { executionArn } = claim;
  const place = { executionArn, workflow: claim.workflow.name, grant };
  const standing = await standingExecution(deps.reader, place);
  if (standing.kind === "absent") throw unresolved();
  if (standing.kind === "foreign") throw await refuseForeign(deps, place, standing.description);
  const { startDate } = standing;
  await completeStart(deps.executions, executionArn, { ...grant, state: "active", startDate });
  return { kind: "earlier", startDate, grant: { ...grant, state: "active" } };
}

/** An execution of this name is on the record, and no request was ever granted it: one that went around the gate. */
async function ungranted(deps: ClaimDeps, claim: Claim, state: ExecutionState): Promise<Claimed> {
  const { executionArn, grant } = claim;
  const place = { executionArn, workflow: claim.workflow.name, grant };
  const standing = await standingExecution(deps.reader, place);
  if (standing.kind === "foreign") throw await refuseForeign(deps, place, standing.description);
  // Step Functions has forgotten it, and lets the name be used again.
  return claimAgain(deps, claim, state);
}

/** The earlier request was abandoned, its token is dead, and all of it is in the ledger. */
async function claimAgain(deps: ClaimDeps, { intent }: Claim, state: ExecutionState): Promise<Claimed> {
  const revision = state.revision + 1;
  try {
    await deps.executions.put({ ...intent, revision });
    return ours(revision);
  } catch (error) {
    if (error instanceof ConflictError) throw unresolved();
    throw error;
  }
}

function unresolved(): RefusedError {
  return new RefusedError(
    "execution.start_unresolved",
    "an earlier request with this key has not been resolved",
    { field: "Idempotency-Key", retryAfterSeconds: 5 },
  );
}
