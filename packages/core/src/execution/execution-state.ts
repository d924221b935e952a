import type { Actor, Attribution, IdentityMode, Subject } from "../entry/entry.ts";

/** Where a grant stands. Only `authorizing` and `active` may be acted on. */
export type GrantState = "authorizing" | "active" | "closed" | "revoking" | "revoked" | "expired" | "blocked";

/** What the gate decided for one (execution, redriveCount); everything issued to its steps hangs on it. */
export interface Grant {
  readonly grantId: string;
  readonly state: GrantState;
  readonly subject: Subject;
  readonly actors: readonly Actor[];
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly role?: string;
  readonly identityMode: IdentityMode;
  readonly policyVersion: string;
  /** Epoch milliseconds; unknown until the provider has answered. */
  readonly expiresAt?: number;
  /** Fingerprint of the grant token, once there is one. */
  readonly fingerprint?: string;
  /** SHA-256 of the caller's request, to tell a retry from another request. */
  readonly requestHash: string;
  /** entryId of the `execution.authorized` entry. */
  readonly authorizedBy: string;
}

/** The small, changing item of an execution, gated or not; the ledger holds what happened. */
export interface ExecutionState {
  readonly executionArn: string;
  readonly workflow?: string;
  /** Epoch milliseconds, from Step Functions; unknown until it has started. */
  readonly startDate?: number;
  readonly redriveCount: number;
  /** The newest status known, by {@link isNewer}. */
  readonly status?: string;
  readonly attribution: Attribution;
  readonly grant?: Grant;
  /** True until a terminal status is known: the sparse index of what a reconciler must ask about. */
  readonly open: boolean;
  /** Intents written before their effect and not yet concluded. */
  readonly pending: readonly "revoke"[];
  /** Raised by every write; a write names the revision it read. */
  readonly revision: number;
}

const terminalStatuses = new Set(["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]);

/** Whether nothing follows this status within the same redriveCount. */
export function isTerminal(status: string): boolean {
  return terminalStatuses.has(status);
}

/** What of a status event moves the state. */
export interface StatusChange {
  readonly executionArn: string;
  readonly startDate: number;
  readonly redriveCount: number;
  readonly status: string;
  readonly workflow?: string;
  readonly attribution?: Attribution;
}

/** Whether the change speaks of the execution instance this state is of, and not of an earlier or later one. */
export function isSameInstance(state: ExecutionState, change: StatusChange): boolean {
  return state.startDate === undefined ? state.grant !== undefined : state.startDate === change.startDate;
}

/** The grant that covers a change, if any: of the same instance and the same redrive. */
export function grantOf(state: ExecutionState | undefined, change: StatusChange): Grant | undefined {
  if (!state?.grant || !isSameInstance(state, change)) return undefined;
  return state.redriveCount === change.redriveCount ? state.grant : undefined;
}

/**
 * Moves an execution's state by a status, whatever the order statuses arrive in.
 *
 * A late RUNNING never covers a terminal status of the same redriveCount, an older instance or redrive
 * never touches a newer one. Returns the same object when nothing changes.
 */
export function applyStatus(
  state: ExecutionState | undefined,
  change: StatusChange,
  revokeOn: ReadonlySet<string>,
): ExecutionState {
  if (state && !isNewer(state, change)) return state;
  const grant = grantOf(state, change);
  const ended = isTerminal(change.status);
  const revoke = grant !== undefined && revokeOn.has(change.status) && isLive(grant);
  const workflow = change.workflow ?? state?.workflow;
  const next: ExecutionState = {
    executionArn: change.executionArn,
    ...(workflow && { workflow }),
    startDate: change.startDate,
    redriveCount: change.redriveCount,
    status: change.status,
    attribution: grant ? "gate" : (change.attribution ?? "none"),
    ...(grant && { grant: { ...grant, state: nextGrantState(grant, ended, revoke) } }),
    open: !ended,
    pending: revoke ? ["revoke"] : grant ? (state?.pending ?? []) : [],
    revision: (state?.revision ?? 0) + 1,
  };
  return state && sameState(state, next) ? state : next;
}

/** Whether gate and broker may still act on the grant. */
export function isLive(grant: Grant): boolean {
  return grant.state === "authorizing" || grant.state === "active";
}

function nextGrantState(grant: Grant, ended: boolean, revoke: boolean): GrantState {
  if (!isLive(grant)) return grant.state;
  if (revoke) return "revoking";
  return ended ? "closed" : "active";
}

function isNewer(state: ExecutionState, change: StatusChange): boolean {
  if (state.startDate !== undefined && change.startDate !== state.startDate) {
    return change.startDate > state.startDate;
  }
  if (change.redriveCount !== state.redriveCount) return change.redriveCount > state.redriveCount;
  return state.status === undefined || !isTerminal(state.status);
}

function sameState(a: ExecutionState, b: ExecutionState): boolean {
  return (
    a.startDate === b.startDate &&
    a.redriveCount === b.redriveCount &&
    a.status === b.status &&
    a.attribution === b.attribution &&
    a.workflow === b.workflow &&
    a.grant?.state === b.grant?.state &&
    a.open === b.open &&
    a.pending.join() === b.pending.join()
  );
}
