import type { Clock } from "../clock.ts";
import type { Attribution } from "../entry/entry.ts";
import { UnavailableError } from "../error/errors.ts";
import {
  applyStatus,
  type ExecutionState,
  type Grant,
  grantOf,
  isLive,
} from "../execution/execution-state.ts";
import { type ExecutionStore, updateExecution } from "../execution/execution-store.ts";
import {
  claimedParentOf,
  type ExecutionReader,
  grantIdOf,
  isMapChild,
  stateMachineArnOf,
} from "../execution/step-functions.ts";
import type { Workflows } from "../policy/workflow.ts";
import type { StatusEvent } from "../status-event/status-event.ts";

export interface OriginDeps {
  readonly clock: Clock;
  readonly workflows: Workflows;
  readonly executions: ExecutionStore;
  readonly reader: ExecutionReader;
}

/** Who an execution is put down to. */
export interface Origin {
  readonly attribution: Attribution;
  readonly grant?: Grant;
  readonly parent?: string;
}

/** Ancestors asked, the parent included. */
const maxDepth = 5;
/** How far two of Step Functions' own timestamps may be apart; a Task that names it later did not start it. */
const proofMs = 30_000;
/** How long after its start an execution waits for proof; longer than {@link proofMs}, for clocks differ. */
const patienceMs = 60_000;

const nobody: Origin = { attribution: "none" };

/**
 * Says whom an execution is put down to: its own grant, else that of the nearest ancestor that has one.
 *
 * A Map's child is told by Step Functions. A nested execution only claims a parent, in an input that whoever
 * starts it writes: it is believed once the parent's own history holds the start. Step Functions' answers come
 * to be true in their own time: what is decided on them is durable before this returns, so that every delivery
 * of every event says the same.
 *
 * @param inputOf Gives the execution's input, for an event that came without it.
 * @throws {UnavailableError} while the answer may still change: deliver the event again.
 */
export async function originOf(
  deps: OriginDeps,
  state: ExecutionState | undefined,
  event: StatusEvent,
  inputOf: () => Promise<string | undefined>,
): Promise<Origin> {
  const own = grantOf(state, event);
  if (state && own && (await isUnder(deps, state, own, event, inputOf)))
    return { attribution: "gate", grant: own };
  const decided = state && isAbout(state, event) ? state.attribution : undefined;
  if (isMapChild(event.executionArn)) return decided === "none" ? nobody : mapOrigin(deps, event, decided);
  // A redriven parent starts its Task again, as a new execution: who redrives a nested one is not its parent.
  if (event.redriveCount > 0 || decided === "none") return nobody;
  const input = event.input ? undefined : await inputOf();
  if (!event.input && input === undefined) return unreadOrigin(deps, event);
  const parent = event.input ? event.claimedParent : claimedParentOf(input);
  if (parent === undefined) return nobody;
  return nestedOrigin(deps, event, parent, decided);
}

/**
 * Whether an execution is the one a grant was given for. Until the gate knows its startDate, only the name
 * says so, which anyone may start an execution under: then the grant's id in the input must too. A redrive
 * keeps the startDate of its execution, and the input with the id of the grant that one was started under.
 */
async function isUnder(
  { clock }: OriginDeps,
  { grants }: ExecutionState,
  grant: Grant,
  event: StatusEvent,
  inputOf: () => Promise<string | undefined>,
): Promise<boolean> {
  if (grant.startDate !== undefined) return true;
  if (grant.redriveCount > 0 && grants.some(({ startDate }) => startDate === event.startDate)) return true;
  const ids = grant.redriveCount > 0 ? grants.map(({ grantId }) => grantId) : [grant.grantId];
  if (event.input) return ids.includes(event.grantId ?? "");
  const input = await inputOf();
  if (input === undefined) patiently(clock, event.startDate, noInput(event));
  return ids.includes(grantIdOf(input) ?? "");
}

/**
 * Passes once the time is over in which Step Functions may not know yet what it has started.
 *
 * @throws {UnavailableError} before that, with what is not known yet.
 */
function patiently(clock: Clock, startDate: number, fact: string): void {
  if (clock.now() <= startDate + patienceMs) throw new UnavailableError("store.unavailable", fact);
}

const noInput = ({ executionArn }: StatusEvent): string =>
  `the input of "${executionArn}" can't be read yet, and its event came without it`;

/** An execution that Step Functions does not know, of whose input nothing is known either. */
async function unreadOrigin(deps: OriginDeps, event: StatusEvent): Promise<Origin> {
  patiently(deps.clock, event.startDate, noInput(event));
  if ((await decide(deps, event, "none")) === "none") return nobody;
  // Another delivery knew the input: what it has recorded can't be told without it.
  throw new UnavailableError("store.unavailable", noInput(event));
}

async function mapOrigin(
  deps: OriginDeps,
  event: StatusEvent,
  decided: Attribution | undefined,
): Promise<Origin> {
  const { executionArn, startDate } = event;
  const parent = await deps.reader.mapParent(executionArn);
  const unknown = `the execution whose Map runs "${executionArn}" can't be told yet`;
  if (parent === undefined && decided !== "child") patiently(deps.clock, startDate, unknown);
  const grant = parent === undefined ? undefined : await grantBehind(deps, parent, startDate, 1);
  const attribution = decided === "child" ? decided : await decide(deps, event, grant ? "child" : "none");
  if (attribution === "none") return nobody;
  // Recorded with its parent once, it is not to be told without it.
  if (parent === undefined) throw new UnavailableError("store.unavailable", unknown);
  const inherited = grant ?? (await grantBehind(deps, parent, startDate, 1));
  return { attribution, ...(inherited && { grant: inherited }), parent };
}

async function nestedOrigin(
  deps: OriginDeps,
  event: StatusEvent,
  parent: string,
  decided: Attribution | undefined,
): Promise<Origin> {
  const { executionArn, startDate } = event;
  const child = { executionArn, startDate, isProven: decided === "child" };
  const grant = await grantThrough(deps, child, parent, 1);
  if (decided === "child") return { attribution: "child", ...(grant && { grant }), parent };
  const attribution = await decide(deps, event, grant ? "child" : "none");
  if (attribution === "none") return nobody;
  const inherited = grant ?? (await grantThrough(deps, { ...child, isProven: true }, parent, 1));
  return { attribution, ...(inherited && { grant: inherited }), parent };
}

/** Writes down what was decided; where another delivery came first, its decision stands. */
async function decide(deps: OriginDeps, event: StatusEvent, attribution: "child" | "none") {
  const workflow = deps.workflows.byStateMachine(event.stateMachineArn);
  const change = {
    executionArn: event.executionArn,
    startDate: event.startDate,
    redriveCount: event.redriveCount,
    // Not the event's own status, which is to stand only once its entry does.
    status: "RUNNING",
    attribution,
    ...(workflow && { workflow: workflow.name }),
    at: deps.clock.now(),
  };
  const { after } = await updateExecution(deps.executions, event.executionArn, (state) =>
    applyStatus(state, change, new Set()),
  );
  if (!after || !isAbout(after, event)) return attribution;
  return after.attribution === "child" ? "child" : "none";
}

function isAbout(state: ExecutionState, event: StatusEvent): boolean {
  return state.startDate === event.startDate && state.redriveCount === event.redriveCount;
}

interface Child {
  readonly executionArn: string;
  readonly startDate: number;
  readonly isProven: boolean;
}

/** The grant a nested execution inherits through the parent it claims. */
async function grantThrough(
  deps: OriginDeps,
  child: Child,
  parent: string,
  depth: number,
): Promise<Grant | undefined> {
  // We may not ask about an execution of another state machine, and its entries would have no subject either.
  if (!deps.workflows.byStateMachine(stateMachineArnOf(parent))) return undefined;
  const grant = await grantBehind(deps, parent, child.startDate, depth);
  if (!grant || child.isProven) return grant;
  const { executionArn, startDate } = child;
  const within = { from: startDate - proofMs, to: startDate + proofMs };
  if (await deps.reader.hasStarted(parent, executionArn, within)) return grant;
  const unproven = `"${executionArn}" claims to be started by "${parent}", whose history does not hold the start yet`;
  patiently(deps.clock, startDate, unproven);
  return undefined;
}

/** The grant that an execution recorded as a child runs under, found the way it was when it was recorded. */
export function inheritedGrant(
  deps: OriginDeps,
  { executionArn, startDate }: { readonly executionArn: string; readonly startDate: number },
): Promise<Grant | undefined> {
  return grantBehind(deps, executionArn, startDate, 0);
}

/** The grant an execution runs under, its own or an ancestor's, at the time it started something. */
async function grantBehind(
  deps: OriginDeps,
  executionArn: string,
  at: number,
  depth: number,
): Promise<Grant | undefined> {
  const state = await deps.executions.get(executionArn);
  const own = grantAt(state, at);
  if (own || depth === maxDepth) return own;
  if (isMapChild(executionArn)) {
    const parent = await deps.reader.mapParent(executionArn);
    if (parent !== undefined) return grantBehind(deps, parent, at, depth + 1);
    patiently(deps.clock, at, unknownAncestor(executionArn));
    return undefined;
  }
  if (state?.attribution === "none") return undefined;
  const described = await deps.reader.describe(executionArn);
  if (!described) patiently(deps.clock, at, unknownAncestor(executionArn));
  const parent = claimedParentOf(described?.input);
  if (!described || parent === undefined) return undefined;
  const isProven = state?.attribution === "child";
  return grantThrough(deps, { executionArn, startDate: described.startDate, isProven }, parent, depth + 1);
}

const unknownAncestor = (executionArn: string): string =>
  `"${executionArn}" is not known to Step Functions yet, and is said to have started another`;

/**
 * The grant under which an execution started something at a time: the newest the gate had decided by then.
 *
 * The gate's clock is not Step Functions', so where it seems to have decided none yet, it was the first.
 */
function grantAt(state: ExecutionState | undefined, at: number): Grant | undefined {
  const begun = (state?.grants ?? []).filter((grant) =>
    grant.startDate === undefined ? isLive(grant) : grant.startDate <= at,
  );
  return begun.findLast(({ decidedAt }) => decidedAt <= at) ?? begun[0];
}
