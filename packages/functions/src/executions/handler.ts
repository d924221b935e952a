import { randomUUID } from "node:crypto";
import type { Clock } from "@countersign/core/clock";
import { InvalidInputError, RefusedError } from "@countersign/core/error/errors";
import type { ExecutionState } from "@countersign/core/execution/execution-state";
import type { ExecutionStore } from "@countersign/core/execution/execution-store";
import {
  type ExecutionReader,
  type ExecutionStopper,
  stateMachineArnOf,
} from "@countersign/core/execution/step-functions";
import { callerFields } from "@countersign/core/gate/start-entries";
import type { LedgerWriter } from "@countersign/core/ledger/ledger";
import { requireScopes } from "@countersign/core/policy/decide-start";
import type { Workflow, Workflows } from "@countersign/core/policy/workflow";
import { findTokenShapes } from "@countersign/core/token/token-shape";
import type { TokenVerifier, VerifiedToken } from "@countersign/core/token/verified-token";
import {
  type ApiEvent,
  type ApiHandler,
  answering,
  bearerToken,
  type ErrorLog,
  jsonBody,
  jsonResponse,
  onlyFields,
  pathParameter,
} from "../api/http.ts";
import { executionView } from "./execution-view.ts";

export interface ExecutionsDeps {
  readonly clock: Clock;
  readonly workflows: Workflows;
  readonly executions: ExecutionStore;
  readonly reader: ExecutionReader;
  readonly stopper: ExecutionStopper;
  readonly ledger: LedgerWriter;
  readonly verifier: TokenVerifier;
  readonly log: ErrorLog;
}

/** `GET /executions/{executionArn}` and `POST /executions/{executionArn}/stop`; what is not yours is not found. */
export function executionsHandler(deps: ExecutionsDeps): ApiHandler {
  return answering(deps.log, async (event) => {
    const token = await deps.verifier.verify(bearerToken(event));
    const stopping = event.requestContext.http.method === "POST";
    const found = await findOperable(
      deps,
      pathParameter(event, "executionArn"),
      token,
      stopping ? "stop" : "status",
    );
    return stopping ? stop(deps, event, token, found) : describe(deps, found);
  });
}

interface Found {
  readonly state: ExecutionState;
  readonly workflow: Workflow;
}

async function findOperable(
  deps: ExecutionsDeps,
  executionArn: string,
  token: VerifiedToken,
  act: "status" | "stop",
): Promise<Found> {
  const workflow = deps.workflows.byStateMachine(stateMachineArnOf(executionArn));
  if (!workflow) throw notFound();
  const rule = workflow.operate[act];
  requireScopes(new Set(token.scopes), rule.scopes);
  const state = await deps.executions.get(executionArn);
  if (!state || (rule.own && !isOwn(state, token))) throw notFound();
  return { state, workflow };
}

function isOwn(state: ExecutionState, token: VerifiedToken): boolean {
  return state.grants.some(
    ({ subject, clientId }) =>
      subject.iss === token.subject.iss && subject.sub === token.subject.sub && clientId === token.clientId,
  );
}

async function describe(deps: ExecutionsDeps, { state, workflow }: Found) {
  const described = await deps.reader.describe(state.executionArn);
  if (!described) throw notFound();
  return jsonResponse(200, executionView(described, state, workflow.name));
}

async function stop(deps: ExecutionsDeps, event: ApiEvent, token: VerifiedToken, { state, workflow }: Found) {
  const reason = stopReason(event);
  const requestId = randomUUID();
  await deps.ledger.append({
    action: "execution.stop_requested",
    outcome: "success",
    source: "api",
    attribution: state.attribution,
    id: requestId,
    occurredAt: deps.clock.now(),
    ...callerFields(token),
    scopes: token.scopes.slice(0, 128),
    workflow: workflow.name,
    executionArn: state.executionArn,
    ...(state.startDate !== undefined && { startDate: state.startDate }),
    redriveCount: state.redriveCount,
    fingerprint: token.fingerprint,
  });
  const stopped = await deps.stopper.stop(state.executionArn, {
    error: "Countersign.StopRequested",
    cause: reason,
  });
  if (!stopped) throw new RefusedError("execution.not_running", "the execution is not running");
  return jsonResponse(202, { executionArn: state.executionArn, requestId });
}

function stopReason(event: ApiEvent): string {
  const body = jsonBody(event);
  onlyFields(body, ["reason"]);
  const reason = body["reason"] ?? "stopped through Countersign";
  if (typeof reason !== "string" || reason.length > 1024) {
    throw new InvalidInputError("request.malformed", '"reason" is not text of at most 1024 characters', {
      field: "reason",
    });
  }
  // Step Functions keeps it as the cause, for anyone who may read the execution.
  if (findTokenShapes(reason).length === 0) return reason;
  throw new InvalidInputError("request.input_holds_token", '"reason" holds what looks like a token', {
    field: "reason",
  });
}

function notFound(): RefusedError {
  return new RefusedError("resource.not_found", "no such execution", { field: "executionArn" });
}
