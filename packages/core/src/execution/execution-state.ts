import type { Actor, Attribution, IdentityMode, Subject } from "../entry/entry.ts";

/** Where a grant stands. Only `authorizing` and `active` may be acted on. */
export type GrantState = "authorizing" | "active" | "closed" | "revoking" | "revoked" | "expired" | "blocked";

/** What the gate decided for one (execution, redriveCount); everything issued to its steps hangs on it. */
export interface Grant {
  readonly grantId: string;
  /** `revoking` is the intent to revoke: it stands until the outcome is recorded. */
  readonly state: GrantState;
  readonly redriveCount: number;
  /** Epoch milliseconds: when the gate wrote its intent. */
  readonly decidedAt: number;
  /** Epoch milliseconds; unknown until the execution has started. */
  readonly startDate?: number;
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
  /** While it is `revoking`. */
  readonly revocation?: RevocationProgress;
}

/** How far the revocation of a grant has come. */
export interface RevocationProgress {
  /** Epoch milliseconds: when it was asked for, or last tried. */
  readonly at: number;
  /** Tries that failed. */
  readonly tries: number;
  /** True once people were told that trying goes no further by itself. */
  readonly gaveUp?: boolean;
}

/** The small, changing item of an execution, gated or not; the ledger holds what happened. */
export interface ExecutionState {
  readonly executionArn: string;
  readonly workflow?: string;
  /** Epoch milliseconds, of the newest instance known; unknown until it has started. */
  readonly startDate?: number;
  readonly redriveCount: number;
  /** The newest status known of that instance and redrive. */
  readonly status?: string;
  readonly attribution: Attribution;
  /** Oldest first; one for almost every execution, another for each redrive through the gate. */
  readonly grants: readonly Grant[];
  /** True until a terminal status is known: the sparse index of what a reconciler must ask about. */
  readonly open: boolean;
  /** Raised by every write; a write names the revision it read. */
  readonly revision: number;
}

/** What of a status event moves the state. */
export interface StatusChange {
  readonly executionArn: string;
  /** Epoch milliseconds. */
  readonly startDate: number;
  readonly redriveCount: number;
  readonly status: string;
  readonly workflow?: string;
  /** Only an execution that came through the gate moves a grant. */
  readonly attribution: Attribution;
  /** Epoch milliseconds: now, by our own clock. */
  readonly at: number;
}

/** Concluded grants kept beyond the current one, for events that come late. */
const keptGrants = 4;

const terminalStatuses = new Set(["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]);

/** Whether nothing follows this status within the same redriveCount. */
export function isTerminal(status: string): boolean {
  return terminalStatuses.has(status);
}

/** Whether gate and broker may still act on the grant. */
export function isLive(grant: Grant): boolean {
  return grant.state === "authorizing" || grant.state === "active";
}

/**
 * The grant of one instance and redrive, if the gate gave one.
 *
 * A grant that has no startDate and is no longer live was abandoned: whatever runs under its name is not its
 * execution.
 */
export function grantOf(
  state: ExecutionState | undefined,
  of: { readonly startDate: number; readonly redriveCount: number },
): Grant | undefined {
  return state?.grants.find(
    (grant) =>
      grant.redriveCount === of.redriveCount &&
      (grant.startDate === undefined ? isLive(grant) : grant.startDate === of.startDate),
  );
}

/** The state with one grant replaced, as its next revision; the same object when the grant is not there. */
export function withGrant(
  state: ExecutionState,
  grantId: string,
  change: (grant: Grant) => Grant,
): ExecutionState {
  if (!state.grants.some((grant) => grant.grantId === grantId)) return state;
  const grants = state.grants.map((grant) => (grant.grantId === grantId ? change(grant) : grant));
  return { ...state, grants, revision: state.revision + 1 };
}

/**
 * Moves an execution's state by a status, whatever the order statuses arrive in.
 *
 * A late RUNNING never covers a terminal status of the same redriveCount; an older instance or redrive never
 * covers a newer one, but still moves its own grant. Returns the same object when nothing changes.
 */
export function applyStatus(
  state: ExecutionState | undefined,
  change: StatusChange,
  revokeOn: ReadonlySet<string>,
): ExecutionState {
  const grant = change.attribution === "gate" ? grantOf(state, change) : undefined;
  const moved = grant && moveGrant(grant, change, revokeOn);
  const grants = (state?.grants ?? []).map((one) => (one === grant && moved ? moved : one));
  const newer = state === undefined || isNewer(state, change);
  if (state && !newer && moved === grant) return state;
  const workflow = change.workflow ?? state?.workflow;
  const next: ExecutionState = {
    ...(newer ? currentOf(change, grant) : { ...state }),
    ...(workflow !== undefined && { workflow }),
    grants: pruned(grants),
    revision: (state?.revision ?? 0) + 1,
  };
  return state && isSame(state, next) ? state : next;
}

function currentOf(change: StatusChange, grant: Grant | undefined) {
  return {
    executionArn: change.executionArn,
    startDate: change.startDate,
    redriveCount: change.redriveCount,
    status: change.status,
    attribution: grant ? ("gate" as const) : change.attribution,
    open: !isTerminal(change.status),
  };
}

function moveGrant(grant: Grant, change: StatusChange, revokeOn: ReadonlySet<string>): Grant {
  const state = nextGrantState(grant, change.status, revokeOn);
  if (state === grant.state && grant.startDate === change.startDate) return grant;
  const moved = { ...grant, state, startDate: change.startDate };
  return state === "revoking" && grant.state !== "revoking" ? toBeRevoked(moved, change.at) : moved;
}

/** The grant with the intent to revoke it. */
export function toBeRevoked(grant: Grant, at: number): Grant {
  return { ...grant, state: "revoking", revocation: { at, tries: 0 } };
}

function nextGrantState(grant: Grant, status: string, revokeOn: ReadonlySet<string>): GrantState {
  if (!isLive(grant)) return grant.state;
  if (revokeOn.has(status)) return "revoking";
  return isTerminal(status) ? "closed" : "active";
}

function isNewer(state: ExecutionState, change: StatusChange): boolean {
  if (state.startDate !== undefined && change.startDate !== state.startDate) {
    return change.startDate > state.startDate;
  }
  if (change.redriveCount !== state.redriveCount) return change.redriveCount > state.redriveCount;
  return isLater(change.status, state.status);
}

/** Whether a status takes a run further than the one known; the same for every order they arrive in. */
function isLater(status: string, known: string | undefined): boolean {
  if (known === undefined) return true;
  if (isTerminal(known) || status === known) return false;
  if (isTerminal(status)) return true;
  // Before its end a run waits (PENDING_REDRIVE) and then runs; what we don't know gets an order that is at least fixed.
  return status === "RUNNING" || (known !== "RUNNING" && status > known);
}

function pruned(grants: readonly Grant[]): readonly Grant[] {
  const excess = grants.length - keptGrants;
  if (excess <= 0) return grants;
  return grants.filter((grant, index) => index >= excess || isLive(grant) || grant.state === "revoking");
}

function isSame(a: ExecutionState, b: ExecutionState): boolean {
  return (
    a.startDate === b.startDate &&
    a.redriveCount === b.redriveCount &&
    a.status === b.status &&
    a.attribution === b.attribution &&
    a.workflow === b.workflow &&
    a.open === b.open &&
    a.grants.length === b.grants.length &&
    a.grants.every((grant, index) => grant === b.grants[index])
  );
}
