import { InvalidInputError } from "@countersign/core/error/errors";
import { type StartDeps, startExecution } from "@countersign/core/gate/start-execution";
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
  pathParameter,
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
    const workflow = pathParameter(event, "workflow");
    const body = jsonBody(event);
    onlyFields(body, ["input"]);
    const started = await startExecution(deps, {
      workflow,
      input: body["input"],
      idempotencyKey: idempotencyKey(event),
      token,
      rawToken,
      origin: {
        sourceIp: event.requestContext.http.sourceIp,
        userAgent: event.requestContext.http.userAgent.slice(0, 512),
      },
    });
    const { executionArn, startDate, grant, created } = started;
    return jsonResponse(
      created ? 201 : 200,
      { executionArn, workflow, ...(startDate !== undefined && { startDate }), grant: grantView(grant) },
      { location: `/executions/${encodeURIComponent(executionArn)}` },
    );
  });
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
