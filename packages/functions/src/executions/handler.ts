import { InvalidInputError } from "@countersign/core/error/errors";
import {
  describeExecution,
  type OperateDeps,
  recordMalformedStop,
  stopExecution,
} from "@countersign/core/operate/operate-execution";
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

export interface ExecutionsDeps extends OperateDeps {
  readonly verifier: TokenVerifier;
  readonly log: ErrorLog;
}

/** `GET /executions/{executionArn}` and `POST /executions/{executionArn}/stop`; what is not yours is not found. */
export function executionsHandler(deps: ExecutionsDeps): ApiHandler {
  return answering(deps.log, async (event) => {
    const token = await deps.verifier.verify(bearerToken(event));
    const executionArn = pathParameter(event, "executionArn");
    if (event.requestContext.http.method === "POST") return stop(deps, event, executionArn, token);
    const { described, state, workflow } = await describeExecution(deps, { executionArn, token });
    return jsonResponse(200, executionView(described, state, workflow.name));
  });
}

async function stop(deps: ExecutionsDeps, event: ApiEvent, executionArn: string, token: VerifiedToken) {
  const reason = await readReason(deps, event, executionArn, token);
  const { requestId } = await stopExecution(deps, { executionArn, token, reason });
  return jsonResponse(202, { executionArn, requestId });
}

/** The reason as it is asked for; a body of no form we know is refused on the record. */
async function readReason(deps: ExecutionsDeps, event: ApiEvent, executionArn: string, token: VerifiedToken) {
  try {
    return stopReason(event);
  } catch (error) {
    if (error instanceof InvalidInputError) await recordMalformedStop(deps, { executionArn, token }, error);
    throw error;
  }
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
