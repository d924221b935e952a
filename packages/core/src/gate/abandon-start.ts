import type { Clock } from "../clock.ts";
import type { EntryFields } from "../entry/build-entry.ts";
import {
  type ExecutionState,
  type Grant,
  isLive,
  toBeRevoked,
  withGrant,
} from "../execution/execution-state.ts";
import { type ExecutionStore, updateExecution } from "../execution/execution-store.ts";
import type { LedgerWriter } from "../ledger/ledger.ts";
import type { RevocationQueue } from "../revoker/revocation-queue.ts";

export interface AbandonDeps {
  readonly clock: Clock;
  readonly ledger: LedgerWriter;
  readonly executions: ExecutionStore;
  readonly revocations: RevocationQueue;
}

/** A start that is known not to have happened, and why. */
export interface Abandonment {
  readonly executionArn: string;
  readonly workflow: string | undefined;
  /** As far as the gate had come with it. */
  readonly grant: Grant;
  readonly error: { readonly name: string; readonly code?: string };
  /** What became of the grant token: none was issued, it was revoked at once, or that is left to the revoker. */
  readonly grantToken: "none" | "revoked" | "revocation_pending";
  /** False when no entry says that the start was ever authorised. */
  readonly isAuthorized: boolean;
  /** True when the entry of it is known to be written, by an earlier try. */
  readonly isRecorded?: boolean;
}

/**
 * Takes back a start that is known not to have happened: its grant is refused from here on, its token is to
 * be revoked, and `execution.abandoned` is recorded.
 *
 * The intent to revoke comes first, and the state stays open until the entry is written, so that a sweeper
 * finds what a crash left between. Nothing is done when the execution turns out to have started.
 *
 * @throws {UnavailableError} when something is not durable yet; safe to repeat.
 */
export async function abandonStart(deps: AbandonDeps, abandonment: Abandonment): Promise<void> {
  const { executionArn, grant } = abandonment;
  const { after } = await updateExecution(
    deps.executions,
    executionArn,
    (state) => state && closeGrant(state, abandonment, deps.clock.now()),
  );
  const closed = after && unstarted(after, grant.grantId);
  if (!closed || isLive(closed)) return;
  if (closed.state === "revoking") {
    await deps.revocations.hint({ executionArn, grantId: grant.grantId });
  }
  if (!abandonment.isRecorded) await deps.ledger.append(abandonedEntry(abandonment, deps.clock.now()));
  await updateExecution(deps.executions, executionArn, (state) => {
    if (!state?.open || !unstarted(state, grant.grantId)) return state;
    return { ...state, open: false, revision: state.revision + 1 };
  });
}

/** The grant, as long as no execution of it is known to have started. */
function unstarted(state: ExecutionState, grantId: string): Grant | undefined {
  return state.grants.find((grant) => grant.grantId === grantId && grant.startDate === undefined);
}

function closeGrant(state: ExecutionState, { grant, grantToken }: Abandonment, now: number): ExecutionState {
  const current = unstarted(state, grant.grantId);
  if (!current || !isLive(current)) return state;
  return withGrant(state, grant.grantId, () => {
    const known = { ...current, ...grant };
    if (grantToken === "revocation_pending") return toBeRevoked(known, now);
    return { ...known, state: grantToken === "revoked" ? "revoked" : "closed" };
  });
}

/** `execution.abandoned`: an authorised start that is known not to have happened. */
function abandonedEntry(
  { executionArn, workflow, grant, error, grantToken, isAuthorized }: Abandonment,
  occurredAt: number,
): EntryFields {
  return {
    action: "execution.abandoned",
    outcome: "failure",
    source: "gate",
    attribution: "gate",
    id: grant.grantId,
    occurredAt,
    subject: grant.subject,
    clientId: grant.clientId,
    scopes: [...grant.scopes],
    ...(workflow !== undefined && { workflow }),
    executionArn,
    redriveCount: grant.redriveCount,
    ...(isAuthorized && { causedBy: grant.authorizedBy }),
    error,
    detail: { grantToken },
  };
}
