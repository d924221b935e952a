import { InvalidInputError } from "@countersign/core/error/errors";
import { recordDenial } from "@countersign/core/gate/record-denial";
import { type StartDeps, type StartRequest, startExecution } from "@countersign/core/gate/start-execution";
import type { TokenVerifier } from "@countersign/core/token/verified-token";
import {
  type ApiEvent,
  type ApiHandler,
  answering,
  bearerToken,
  type ErrorLog,
  jsonBody,
  jsonResponse,
  onlyFields,
} from "../api/http.ts";
import { grantView } from "../executions/execution-view.ts";

export interface GateDeps extends StartDeps {
  readonly verifier: TokenVerifier;
  readonly log: ErrorLog;
}

/** `POST /workflows/{workflow}/executions`: verifies the token, then starts. */
export function gateHandler(deps: GateDeps): ApiHandler {
  return answering(deps.log, async (event) => {
    const rawToken = bearerToken(event);
    const token = await deps.verifier.verify(rawToken);
    const workflow = event.pathParameters?.["workflow"] ?? "";
    const caller = { workflow, token, origin: callerOrigin(event) };
    const asked = await readRequest(deps, event, caller);
    const { executionArn, startDate, grant, created } = await startExecution(deps, {
      ...caller,
      ...asked,
      rawToken,
    });
    return jsonResponse(
      created ? 201 : 200,
      { executionArn, workflow, ...(startDate !== undefined && { startDate }), grant: grantView(grant) },
      { location: `/executions/${encodeURIComponent(executionArn)}` },
    );
  });
}

/** What is asked for; a verified caller who asks for it in no form we know is refused on the record. */
async function readRequest(
  deps: GateDeps,
  event: ApiEvent,
  caller: Pick<StartRequest, "workflow" | "token" | "origin">,
): Promise<Pick<StartRequest, "input" | "idempotencyKey">> {
  try {
    const body = jsonBody(event);
    onlyFields(body, ["input"]);
    return { input: body["input"], idempotencyKey: idempotencyKey(event) };
  } catch (error) {
    if (error instanceof InvalidInputError) await recordDenial(deps, caller, error);
    throw error;
  }
}

function callerOrigin(event: ApiEvent): StartRequest["origin"] {
  const { sourceIp, userAgent } = event.requestContext.http;
  return { sourceIp, userAgent: userAgent.slice(0, 512) };
}

function idempotencyKey(event: ApiEvent): string | undefined {
  const key = event.headers["idempotency-key"];
  if (key === undefined || /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new InvalidInputError(
    "request.malformed",
    '"Idempotency-Key" is not 1 to 255 printable characters without spaces',
    {
      field: "Idempotency-Key",
    },
  );
}
