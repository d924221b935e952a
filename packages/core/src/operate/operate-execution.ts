import type { EntryFields } from "../entry/build-entry.ts";
import { type CountersignError, RefusedError } from "../error/errors.ts";
import type { ExecutionState } from "../execution/execution-state.ts";
import {
  type ExecutionDescription,
  type ExecutionStopper,
  executionArnOf,
  isExecutionArn,
  stateMachineArnOf,
} from "../execution/step-functions.ts";
import type { LedgerWriter } from "../ledger/ledger.ts";
import { requireScopes } from "../policy/decide-start.ts";
import type { Workflow } from "../policy/workflow.ts";
import type { OriginDeps } from "../recorder/origin.ts";
import { findTokenShapes } from "../token/token-shape.ts";
import type { VerifiedToken } from "../token/verified-token.ts";
import { type ActFields, actEntry, coalesced, recordingRefusal, refusedEntry } from "./act-entries.ts";
import { isOwnExecution } from "./own-execution.ts";

export interface OperateDeps extends OriginDeps {
  readonly stopper: ExecutionStopper;
  readonly ledger: LedgerWriter;
}

/** Who asks about which execution, as they name it. */
export interface Asked {
  readonly executionArn: string;
  readonly token: VerifiedToken;
}

/** An execution that the asker may operate. */
export interface Operable {
  readonly state: ExecutionState;
  readonly workflow: Workflow;
  readonly described: ExecutionDescription;
  readonly isOwn: boolean;
}

const actions = { status: "execution.described", stop: "execution.stop_requested" } as const;
type Act = keyof typeof actions;

/** The error name that an execution stopped through Countersign ends with. */
export const stopError = "Countersign.StopRequested";

/**
 * The status of an execution.
 *
 * Looking at one's own is no entry: it is polled, and tells its owner what the owner's own start is on record
 * for. Looking at another's is one, and so is every refusal, each once a minute for the same token.
 *
 * @throws {RefusedError} `resource.not_found` for what is not the asker's, not known or not registered.
 * @throws {UnavailableError} `store.unavailable` also when the look can't be recorded: then there is no answer.
 */
export async function describeExecution(deps: OperateDeps, asked: Asked): Promise<Operable> {
  const found = await operable(deps, asked, "status");
  if (!found.isOwn) {
    const entry = actEntry(actions.status, asked.token, deps.clock.now(), instanceFields(found));
    await deps.ledger.append(coalesced(entry));
  }
  return found;
}

/**
 * Stops an execution. The request is on record before Step Functions is asked; its outcome is that it was
 * allowed. What came of it is how the execution ended: `execution.aborted`, or another end that came first, and
 * then the request stands a second time, refused.
 *
 * Repeated, also by another who may, it succeeds as long as the execution is stopped by a request like it.
 *
 * @throws {RefusedError} `resource.not_found` as {@link describeExecution}; `execution.not_running`.
 * @throws {UnavailableError} `store.unavailable`: it may be stopped or not; ask again.
 */
export async function stopExecution(
  deps: OperateDeps,
  asked: Asked & { readonly reason: string },
): Promise<{ readonly requestId: string }> {
  const found = await operable(deps, asked, "stop");
  return recordingRefusal(
    deps.ledger,
    (error) => refusedEntry(stopEntry(deps, asked, found), error),
    async () => {
      if (found.described.status !== "RUNNING" && !isStopped(found.described)) throw notRunning();
      const entry = stopEntry(deps, asked, found);
      await deps.ledger.append(entry);
      const reason = { error: stopError, cause: asked.reason };
      const isDone = await deps.stopper.stop(asked.executionArn, reason);
      if (!isDone && !isStopped(await deps.reader.describe(asked.executionArn))) throw notRunning();
      return { requestId: String(entry.id) };
    },
  );
}

/** Records that a stop was refused for its form, which is looked at before the execution is. */
export async function recordMalformedStop(
  deps: Pick<OperateDeps, "clock" | "ledger">,
  { executionArn, token }: Asked,
  error: CountersignError,
): Promise<void> {
  const entry = actEntry(actions.stop, token, deps.clock.now(), namedFields(executionArn));
  await deps.ledger.append(refusedEntry(entry, error));
}

/**
 * Finds an execution for who may act on it; anything else is refused on the record.
 *
 * Only who holds one of the workflow's scopes, and so knows of it, is told which scope is missing.
 */
async function operable(deps: OperateDeps, asked: Asked, act: Act): Promise<Operable> {
  const workflow = isExecutionArn(asked.executionArn)
    ? deps.workflows.byStateMachine(stateMachineArnOf(asked.executionArn))
    : undefined;
  const missing = workflow && missingScopes(workflow, asked.token, act);
  const isTold = workflow !== undefined && missing !== undefined && knowsOf(workflow, asked.token);
  const found = isTold ? "not_allowed" : await find(deps, asked, workflow, act);
  if (typeof found !== "string" && !missing) return found;
  const error = missing ?? notFound();
  const fields: ActFields = {
    ...namedFields(asked.executionArn),
    ...(workflow && { workflow: workflow.name }),
    ...(!missing && typeof found === "string" && { detail: { refusal: found } }),
  };
  const entry = refusedEntry(actEntry(actions[act], asked.token, deps.clock.now(), fields), error);
  await deps.ledger.append(act === "status" ? coalesced(entry) : entry);
  throw isTold ? error : notFound();
}

type NotFound = "not_registered" | "unknown" | "not_own";

/**
 * Looks an execution up, or says why there is none for the asker.
 *
 * What is not registered takes the reads of what is: asking tells neither that nor, but for the ancestors of a
 * child, whether a name is another's or nobody's.
 */
async function find(
  deps: OperateDeps,
  { executionArn, token }: Asked,
  workflow: Workflow | undefined,
  act: Act,
): Promise<Operable | NotFound> {
  const arn = workflow ? executionArn : decoyArn(deps);
  if (arn === undefined) return "not_registered";
  const [state, described] = await Promise.all([deps.executions.get(arn), deps.reader.describe(arn)]);
  if (!workflow) return "not_registered";
  if (!state || !described) return "unknown";
  const isOwn = await isOwnExecution(deps, state, described, token);
  return isOwn || !workflow.operate[act].own ? { state, workflow, described, isOwn } : "not_own";
}

/** An execution that is not there, of a state machine that we may ask about. */
function decoyArn({ workflows }: OperateDeps): string | undefined {
  const [workflow] = workflows.all();
  return workflow && executionArnOf(workflow.stateMachineArn, "countersign-none");
}

function missingScopes(workflow: Workflow, token: VerifiedToken, act: Act): RefusedError | undefined {
  try {
    requireScopes(new Set(token.scopes), workflow.operate[act].scopes);
    return undefined;
  } catch (error) {
    if (error instanceof RefusedError) return error;
    throw error;
  }
}

function knowsOf({ start, operate }: Workflow, token: VerifiedToken): boolean {
  const scopes = [start, operate.status, operate.stop].flatMap((one) => one.scopes);
  return scopes.some((scope) => token.scopes.includes(scope));
}

/** A name that Step Functions would take; a JWT is longer. */
const named = /:[^:]{1,80}$/;

/** The execution as a refused asker named it; what is none, or looks like a token, is not repeated. */
function namedFields(executionArn: string): ActFields {
  const isNamed =
    isExecutionArn(executionArn) && named.test(executionArn) && findTokenShapes(executionArn).length === 0;
  return isNamed ? { executionArn } : {};
}

function instanceFields({ state, workflow, described }: Operable): ActFields {
  const { executionArn, startDate, redriveCount } = described;
  const { attribution } = state;
  return { attribution, workflow: workflow.name, executionArn, startDate, redriveCount };
}

function stopEntry(deps: OperateDeps, { token }: Asked, found: Operable): EntryFields {
  return actEntry(actions.stop, token, deps.clock.now(), instanceFields(found));
}

function isStopped(described: ExecutionDescription | undefined): boolean {
  return described?.status === "ABORTED" && described.error === stopError;
}

function notRunning(): RefusedError {
  return new RefusedError("execution.not_running", "the execution is not running");
}

function notFound(): RefusedError {
  return new RefusedError("resource.not_found", "no such execution", { field: "executionArn" });
}
