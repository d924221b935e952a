import type { Clock } from "../clock.ts";
import type { EntryAction } from "../entry/actions.ts";
import type { EntryFields } from "../entry/build-entry.ts";
import { CountersignError } from "../error/errors.ts";
import { type ExecutionState, type Grant, type GrantState, withGrant } from "../execution/execution-state.ts";
import { type ExecutionStore, updateExecution } from "../execution/execution-store.ts";
import type { LedgerWriter } from "../ledger/ledger.ts";
import type { IdentityProvider, IdentityProviders } from "../token/identity-provider.ts";
import type { SealOpener } from "../token/seal.ts";
import type { RevocationHint } from "./revocation-queue.ts";

export interface RevokeDeps {
  readonly clock: Clock;
  readonly ledger: LedgerWriter;
  readonly executions: ExecutionStore;
  readonly seals: SealOpener;
  readonly providers: IdentityProviders;
}

/** How a revocation ended; `nothing_to_do` when no intent stands. */
export type Revocation = "revoked" | "exposed" | "expired" | "nothing_to_do";

/**
 * Carries out the revocation that an execution's intent asks for, and records what came of it as what it is:
 * requested, accepted by the provider, verified by introspection, or exposed until the token expires.
 *
 * Safe to repeat from any point: entries are facts with one key, the provider takes a second revocation.
 *
 * @throws {UnavailableError} when the provider did not answer: the intent stands, try again.
 */
export async function revokeGrant(deps: RevokeDeps, hint: RevocationHint): Promise<Revocation> {
  const { state, grant } = await intended(deps, hint);
  if (!state || !grant) return "nothing_to_do";
  const record = recorder(deps, state, grant);
  const requested = await record("token.revocation_requested", "success");

  if (isExpired(grant, deps.clock.now())) {
    await record("token.expired", "success", {}, requested);
    await conclude(deps, state, grant, "expired");
    return "expired";
  }
  const token = await deps.seals.open({
    executionArn: state.executionArn,
    redriveCount: grant.redriveCount,
    grantId: grant.grantId,
  });
  if (token === undefined) return expose(deps, state, grant, record, requested, "no_seal");

  const provider = deps.providers.of(grant.subject.iss);
  await provider.revoke(token);
  const accepted = await record("token.revocation_accepted", "success", {}, requested);
  if (!(await isDead(provider, token))) return expose(deps, state, grant, record, accepted, "still_active");
  await record("token.revoked", "success", { evidence: "introspection" }, accepted);
  await conclude(deps, state, grant, "revoked");
  return "revoked";
}

/**
 * Records that a revocation was given up after all its tries, with the residual exposure; the intent stands,
 * so that a redrive of its dead letter takes it up again. `attemptId` names this series of tries.
 */
export async function giveUpRevocation(
  deps: RevokeDeps,
  hint: RevocationHint,
  cause: unknown,
  attemptId: string,
): Promise<void> {
  const { state, grant } = await intended(deps, hint);
  if (!state || !grant) return;
  const reason = cause instanceof CountersignError ? cause.code : "internal";
  const record = recorder(deps, state, grant, attemptId);
  await record("token.revocation_gave_up", "failure", { reason, grantId: grant.grantId, ...exposure(grant) });
}

type Record = (
  action: EntryAction,
  outcome: "success" | "failure" | "unknown",
  detail?: NonNullable<EntryFields["detail"]>,
  causedBy?: string,
) => Promise<string>;

function recorder(deps: RevokeDeps, state: ExecutionState, grant: Grant, id = grant.grantId): Record {
  return async (action, outcome, detail = {}, causedBy = grant.authorizedBy) => {
    const { entryId } = await deps.ledger.append({
      action,
      outcome,
      source: "revoker",
      attribution: "gate",
      id,
      occurredAt: deps.clock.now(),
      subject: grant.subject,
      ...(grant.actors.length > 0 && { actors: [...grant.actors] }),
      clientId: grant.clientId,
      scopes: [...grant.scopes],
      ...(state.workflow !== undefined && { workflow: state.workflow }),
      executionArn: state.executionArn,
      ...(grant.startDate !== undefined && { startDate: grant.startDate }),
      redriveCount: grant.redriveCount,
      ...(grant.fingerprint !== undefined && { fingerprint: grant.fingerprint }),
      ...(grant.expiresAt !== undefined && { expiresAt: grant.expiresAt }),
      causedBy,
      detail,
    });
    return entryId;
  };
}

/** The token may live on: said with until when, and never called revoked. */
async function expose(
  deps: RevokeDeps,
  state: ExecutionState,
  grant: Grant,
  record: Record,
  causedBy: string,
  reason: "no_seal" | "still_active",
): Promise<"exposed"> {
  await record("token.exposure_recorded", "failure", { reason, ...exposure(grant) }, causedBy);
  await conclude(deps, state, grant, "closed");
  return "exposed";
}

function exposure(grant: Grant): { exposedUntil?: number } {
  return grant.expiresAt === undefined ? {} : { exposedUntil: grant.expiresAt };
}

async function conclude(
  deps: RevokeDeps,
  state: ExecutionState,
  grant: Grant,
  to: GrantState,
): Promise<void> {
  await updateExecution(deps.executions, state.executionArn, (now) => {
    const current = now?.grants.find(({ grantId }) => grantId === grant.grantId);
    if (!now || current?.state !== "revoking") return now;
    return withGrant(now, grant.grantId, (one) => ({ ...one, state: to }));
  });
}

/** The execution and the grant that an intent to revoke stands on, if one does. */
async function intended(
  deps: RevokeDeps,
  hint: RevocationHint,
): Promise<{ state?: ExecutionState; grant?: Grant }> {
  const state = await deps.executions.get(hint.executionArn);
  const grant = state?.grants.find(({ grantId }) => grantId === hint.grantId);
  return state && grant?.state === "revoking" ? { state, grant } : {};
}

async function isDead(provider: IdentityProvider, token: string): Promise<boolean> {
  return !(await provider.introspect(token)).active;
}

function isExpired(grant: Grant, now: number): boolean {
  return grant.expiresAt !== undefined && grant.expiresAt <= now;
}
