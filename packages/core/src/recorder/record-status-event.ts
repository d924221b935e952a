import type { Clock } from "../clock.ts";
import type { EntryAction } from "../entry/actions.ts";
import type { EntryFields } from "../entry/build-entry.ts";
import type { Source } from "../entry/entry.ts";
import {
  applyStatus,
  type Grant,
  grantOf,
  isTerminal,
  type StatusChange,
} from "../execution/execution-state.ts";
import { type ExecutionStore, updateExecution } from "../execution/execution-store.ts";
import type { ExecutionReader } from "../execution/step-functions.ts";
import type { LedgerWriter } from "../ledger/ledger.ts";
import type { Workflow, Workflows } from "../policy/workflow.ts";
import type { RevocationQueue } from "../revoker/revocation-queue.ts";
import type { StatusEvent } from "../status-event/status-event.ts";
import { findTokenShapes, type TokenShape } from "../token/token-shape.ts";
import { type Origin, originOf } from "./origin.ts";

export interface RecordDeps {
  readonly clock: Clock;
  readonly workflows: Workflows;
  readonly ledger: LedgerWriter;
  readonly executions: ExecutionStore;
  readonly reader: ExecutionReader;
  readonly revocations: RevocationQueue;
}

/**
 * Turns a status event into its ledger entry, moves the execution's state, and for a failure writes the
 * intent to revoke and hints the revoker.
 *
 * Any number of deliveries, in any order, leave the same entries and the same state: entry first, then the
 * state with its intent, then the hint, each of them safe to repeat.
 *
 * @throws {UnavailableError} when something is not durable yet: deliver the event again.
 * @throws {IntegrityError} when the ledger holds the fact with other content.
 */
export async function recordStatusEvent(
  deps: RecordDeps,
  event: StatusEvent,
  source: Source = "event",
): Promise<void> {
  const workflow = deps.workflows.byStateMachine(event.stateMachineArn);
  const before = await deps.executions.get(event.executionArn);
  const inputOf = inputOnce(deps.reader, event.executionArn);
  const origin = await originOf(deps, before, event, inputOf);
  const { entryId } = await deps.ledger.append(statusEntry(event, workflow, origin, source));
  await reportTokenShapes(deps, event, workflow, origin, entryId, inputOf);

  const change: StatusChange = {
    executionArn: event.executionArn,
    startDate: event.startDate,
    redriveCount: event.redriveCount,
    status: event.status,
    attribution: origin.attribution,
    ...(workflow && { workflow: workflow.name }),
    at: deps.clock.now(),
  };
  const revokeOn = new Set<string>(workflow?.revoke.on ?? ["FAILED", "TIMED_OUT", "ABORTED"]);
  const { after } = await updateExecution(
    deps.executions,
    event.executionArn,
    (state) => applyStatus(state, change, revokeOn),
    before,
  );
  const grant = origin.attribution === "gate" ? grantOf(after, change) : undefined;
  if (grant?.state === "revoking") {
    await deps.revocations.hint({ executionArn: event.executionArn, grantId: grant.grantId });
  }
}

function statusEntry(
  event: StatusEvent,
  workflow: Workflow | undefined,
  origin: Origin,
  source: Source,
): EntryFields {
  const { grant } = origin;
  const action = actionOf(event);
  return {
    action,
    outcome: outcomeOf(event.status),
    source,
    attribution: origin.attribution,
    occurredAt: occurredAt(event),
    ...(grant && identityFields(grant)),
    ...(workflow && { workflow: workflow.name }),
    executionArn: event.executionArn,
    startDate: event.startDate,
    redriveCount: event.redriveCount,
    ...(origin.parent !== undefined && { parentExecution: origin.parent }),
    ...(!workflow && { stateMachineArn: event.stateMachineArn }),
    ...(event.stateMachineVersionArn !== undefined && {
      stateMachineVersionArn: event.stateMachineVersionArn,
    }),
    ...(event.stateMachineAliasArn !== undefined && { stateMachineAliasArn: event.stateMachineAliasArn }),
    ...(event.error !== undefined && { error: { name: event.error } }),
    ...detailOf(event, action),
  };
}

/**
 * Who the execution acts for: what is fixed when the intent is written, so that an event that overtakes the
 * gate records the same. How the grant was come by, and by which policy, stands in the entry it is caused by.
 */
function identityFields(grant: Grant): Partial<EntryFields> {
  return {
    subject: grant.subject,
    ...(grant.actors.length > 0 && { actors: [...grant.actors] }),
    clientId: grant.clientId,
    scopes: [...grant.scopes],
    ...(grant.role !== undefined && { role: grant.role }),
    causedBy: grant.authorizedBy,
  };
}

function detailOf(event: StatusEvent, action: EntryAction): { detail?: NonNullable<EntryFields["detail"]> } {
  const detail = {
    ...(action === "execution.status_changed" && { status: event.status }),
    ...(event.input && event.status === "RUNNING" && { input: { ...event.input } }),
    ...(event.output && { output: { ...event.output } }),
    ...(event.redriveDate !== undefined && { redriveDate: event.redriveDate }),
  };
  return Object.keys(detail).length > 0 ? { detail } : {};
}

const actions: Readonly<Record<string, EntryAction>> = {
  RUNNING: "execution.started",
  SUCCEEDED: "execution.succeeded",
  FAILED: "execution.failed",
  TIMED_OUT: "execution.timed_out",
  ABORTED: "execution.aborted",
};

function actionOf(event: StatusEvent): EntryAction {
  if (event.status === "RUNNING" && event.redriveCount > 0) return "execution.redriven";
  return actions[event.status] ?? "execution.status_changed";
}

function outcomeOf(status: string): EntryFields["outcome"] {
  if (status === "RUNNING" || status === "SUCCEEDED") return "success";
  return isTerminal(status) ? "failure" : "unknown";
}

/** When it happened by Step Functions' own clock, so that every source says the same. */
function occurredAt(event: StatusEvent): number {
  if (isTerminal(event.status)) return event.stopDate ?? event.time;
  if (event.redriveCount > 0) return event.redriveDate ?? event.time;
  return event.status === "RUNNING" ? event.startDate : event.time;
}

/**
 * Reports what looks like a token in the input, output, error or cause: where and what kind, never what.
 * The event of an execution around the gate may come without its input; that is then looked up.
 */
async function reportTokenShapes(
  deps: RecordDeps,
  event: StatusEvent,
  workflow: Workflow | undefined,
  origin: Origin,
  causedBy: string,
  inputOf: () => Promise<string | undefined>,
): Promise<void> {
  const looked = await lookUpInput(event, origin, inputOf);
  const shapes = [...event.tokenShapes, ...looked];
  if (shapes.length === 0) return;
  await deps.ledger.append({
    action: "token.found_in_data",
    outcome: "failure",
    source: "detection",
    attribution: origin.attribution,
    id: event.status,
    occurredAt: deps.clock.now(),
    ...(origin.grant && identityFields(origin.grant)),
    ...(workflow && { workflow: workflow.name }),
    executionArn: event.executionArn,
    startDate: event.startDate,
    redriveCount: event.redriveCount,
    causedBy,
    detail: { shapes: shapes.map(({ path, kind }) => ({ path, kind })) },
  });
}

async function lookUpInput(
  event: StatusEvent,
  origin: Origin,
  inputOf: () => Promise<string | undefined>,
): Promise<TokenShape[]> {
  if (event.status !== "RUNNING" || event.input || origin.attribution !== "none") return [];
  const input = await inputOf();
  if (input === undefined) return [];
  return findTokenShapes(input).map((shape) => ({ ...shape, path: `input${shape.path.slice(1)}` }));
}

/** Asks Step Functions for an execution's input, when it is wanted and only once. */
function inputOnce(reader: ExecutionReader, executionArn: string): () => Promise<string | undefined> {
  let asked: Promise<string | undefined> | undefined;
  return () => {
    asked ??= reader.describe(executionArn).then((described) => described?.input);
    return asked;
  };
}
