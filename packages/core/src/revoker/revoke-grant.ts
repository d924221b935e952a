import type { Clock } from "../clock.ts";
import type { EntryAction } from "../entry/actions.ts";
import type { EntryFields } from "../entry/build-entry.ts";
import { CountersignError, RefusedError, UnavailableError } from "../error/errors.ts";
import {
  type ExecutionState,
  type Grant,
  type GrantState,
  type RevocationProgress,
  withGrant,
} from "../execution/execution-state.ts";
import { type ExecutionStore, updateExecution } from "../execution/execution-store.ts";
import { withIssuedToken } from "../gate/gate-entry.ts";
import type { LedgerReader, LedgerWriter } from "../ledger/ledger.ts";
import type { DenyList } from "../policy/limits.ts";
import type { IdentityProvider, IdentityProviders, Introspection } from "../token/identity-provider.ts";
import type { SealOpener } from "../token/seal.ts";
import type { RevocationHint } from "./revocation-queue.ts";

export interface RevokeDeps {
  readonly clock: Clock;
  readonly ledger: LedgerWriter;
  readonly entries: LedgerReader;
  readonly executions: ExecutionStore;
  readonly seals: SealOpener;
  readonly providers: IdentityProviders;
  readonly denials: DenyList;
}

/** How a revocation ended; `nothing_to_do` when no intent stands. */
export type Revocation = "revoked" | "exposed" | "expired" | "nothing_to_do";

/**
 * Carries out the revocation that an execution's intent asks for, and records what came of it as what it is:
 * requested, accepted by the provider, verified by introspection, or exposed until the token expires.
 *
 * Safe to repeat from any point: entries are facts with one key, the provider takes a second revocation. A
 * try that fails is counted on the intent, so that a sweeper knows a lost intent from one that is being tried.
 *
 * @throws {UnavailableError} when the provider did not answer: the intent stands, try again.
 */
export async function revokeGrant(deps: RevokeDeps, hint: RevocationHint): Promise<Revocation> {
  const { state, grant } = await intended(deps, hint);
  if (!state || !grant) return "nothing_to_do";
  try {
    return await carryOut(deps, state, grant);
  } catch (error) {
    // What went wrong is more to the point than that the count of it could not be kept.
    await noteTry(deps, state, grant).catch(() => undefined);
    throw error;
  }
}

async function carryOut(deps: RevokeDeps, state: ExecutionState, grant: Grant): Promise<Revocation> {
  const record = recorder(deps, state, grant);
  const requested = await record("token.revocation_requested", "success");
  if (isExpired(grant, deps.clock.now())) {
    await record("token.expired", "success", {}, requested);
    await conclude(deps, state, grant, "expired");
    await discardSeal(deps, state, grant);
    return "expired";
  }
  const exposed = (reason: Exposure, causedBy = requested) =>
    expose(deps, state, grant, record, causedBy, reason);
  if (grant.identityMode === "inbound_only") return exposed("inbound_only");
  const { executionArn } = state;
  const { redriveCount, grantId } = grant;
  const token = await deps.seals.open({ executionArn, redriveCount, grantId });
  if (token === undefined) return exposed("no_seal");

  const provider = deps.providers.of(grant.subject.iss);
  if ((await provider.revoke(token)) === "unsupported") return exposed("revocation_unsupported");
  const accepted = await record("token.revocation_accepted", "success", {}, requested);
  const seen = await lookAt(provider, token);
  if (seen === undefined) return exposed("unverifiable", accepted);
  if (seen.active && seen.evidence === "signature") return exposed("unverifiable", accepted);
  if (seen.active) {
    if (triesOf(grant) < looks) throw unconfirmed();
    return exposed("still_active", accepted);
  }
  await record("token.revoked", "success", { evidence: "introspection" }, accepted);
  await conclude(deps, state, grant, "revoked");
  return "revoked";
}

/** Times that a provider which accepted is asked again: introspection may lag behind revocation. */
const looks = 3;
/** A token is taken for ended only this long after it should have, for clocks differ. */
export const expiryGraceMs = 5 * 60_000;

function triesOf(grant: Grant): number {
  return grant.revocation?.tries ?? 0;
}

function unconfirmed(): UnavailableError {
  return new UnavailableError(
    "provider.revocation_unconfirmed",
    "the provider accepted the revocation, and its introspection still says that the token is active",
  );
}

/** What the provider says of the token, or undefined where it can never say. */
async function lookAt(provider: IdentityProvider, token: string): Promise<Introspection | undefined> {
  try {
    return await provider.introspect(token);
  } catch (error) {
    if (error instanceof RefusedError) return undefined;
    throw error;
  }
}

/** Why a token may live on: the caller's own was all there was, no seal, or a provider that can't take it back. */
type Exposure = "inbound_only" | "no_seal" | "revocation_unsupported" | "still_active" | "unverifiable";

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
  await updateProgress(deps, state, grant, (progress) => ({ ...progress, gaveUp: true }));
}

async function noteTry(deps: RevokeDeps, state: ExecutionState, grant: Grant): Promise<void> {
  await updateProgress(deps, state, grant, ({ tries }) => ({ at: deps.clock.now(), tries: tries + 1 }));
}

/** Also writes down what was found out of the token meanwhile: a sweeper goes by its end. */
async function updateProgress(
  deps: RevokeDeps,
  { executionArn }: ExecutionState,
  { grantId, expiresAt, fingerprint }: Grant,
  change: (progress: RevocationProgress) => RevocationProgress,
): Promise<void> {
  await updateExecution(deps.executions, executionArn, (state) => {
    const grant = state?.grants.find((one) => one.grantId === grantId);
    if (!state || grant?.state !== "revoking") return state;
    const progress = grant.revocation ?? { at: deps.clock.now(), tries: 0 };
    return withGrant(state, grantId, (one) => ({
      ...one,
      ...(expiresAt !== undefined && { expiresAt }),
      ...(fingerprint !== undefined && { fingerprint }),
      revocation: change(progress),
    }));
  });
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

/** The token may live on: said with until when, never called revoked, and refused wherever we are asked. */
async function expose(
  deps: RevokeDeps,
  state: ExecutionState,
  grant: Grant,
  record: Record,
  causedBy: string,
  reason: Exposure,
): Promise<"exposed"> {
  const { fingerprint, expiresAt } = grant;
  if (reason !== "inbound_only" && fingerprint !== undefined && expiresAt !== undefined) {
    await deps.denials.deny(fingerprint, expiresAt);
  }
  await record("token.exposure_recorded", "failure", { reason, ...exposure(grant) }, causedBy);
  await conclude(deps, state, grant, "closed");
  await discardSeal(deps, state, grant);
  return "exposed";
}

/** A token that nothing more is to be done with is kept no longer; what can't be removed ends by its own time. */
async function discardSeal(
  deps: RevokeDeps,
  { executionArn }: ExecutionState,
  { redriveCount, grantId }: Grant,
): Promise<void> {
  await deps.seals.discard({ executionArn, redriveCount, grantId }).catch(() => undefined);
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
    return withGrant(now, grant.grantId, ({ revocation: _done, ...one }) => ({ ...one, state: to }));
  });
}

/** The execution and the grant that an intent to revoke stands on, if one does; with all that is known of its token. */
async function intended(
  deps: RevokeDeps,
  hint: RevocationHint,
): Promise<{ state?: ExecutionState; grant?: Grant }> {
  const state = await deps.executions.get(hint.executionArn);
  const grant = state?.grants.find(({ grantId }) => grantId === hint.grantId);
  if (!state || grant?.state !== "revoking") return {};
  return { state, grant: await withIssuedToken(deps, state.executionArn, grant) };
}

function isExpired(grant: Grant, now: number): boolean {
  return grant.expiresAt !== undefined && grant.expiresAt + expiryGraceMs <= now;
}
