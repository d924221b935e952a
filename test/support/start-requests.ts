import { executionArnOf } from "@countersign/core/execution/step-functions";
import { executionName } from "@countersign/core/gate/execution-name";
import type { Runtime } from "@countersign/local/runtime/runtime";
import type { Observer } from "./observer.ts";

export const machineOf = (name: string): string =>
  `arn:aws:states:us-east-1:000000000000:stateMachine:${name}`;

export interface StartRequest {
  readonly token: string;
  readonly workflow?: string;
  readonly input?: unknown;
  readonly idempotencyKey?: string;
}

/** What the gate answered to a start. */
export interface StartAnswer {
  readonly status: number;
  readonly code: string | undefined;
  readonly executionArn: string;
  readonly retryAfterSeconds: number | undefined;
}

/** Asks a runtime's gate over HTTP to start a workflow; `input` that is text is sent as the body itself. */
export async function requestStart(
  { urls }: Pick<Runtime, "urls">,
  { token, workflow = "payout", input = { amount: 5 }, idempotencyKey }: StartRequest,
): Promise<StartAnswer> {
  const response = await fetch(`${urls.api}/workflows/${workflow}/executions`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      ...(idempotencyKey !== undefined && { "idempotency-key": idempotencyKey }),
    },
    body: typeof input === "string" ? input : JSON.stringify({ input }),
  });
  const body = (await response.json()) as { code?: string; executionArn?: string };
  const retryAfter = response.headers.get("retry-after");
  return {
    status: response.status,
    code: body.code,
    executionArn: body.executionArn ?? "",
    retryAfterSeconds: retryAfter === null ? undefined : Number(retryAfter),
  };
}

/**
 * The execution that a start by payments-app has under an Idempotency-Key; only who knows the gate's key can tell.
 * The workflow's state machine must have its name.
 */
export async function arnUnderKey(
  observer: Observer,
  { urls }: Pick<Runtime, "urls">,
  idempotencyKey: string,
  workflow = "payout",
): Promise<string> {
  const { gateKey } = JSON.parse(await observer.secret("countersign/keys")) as { gateKey: string };
  const subject = { iss: urls.issuer, sub: "payments-app" };
  const source = { subject, clientId: subject.sub, workflow, idempotencyKey };
  return executionArnOf(machineOf(workflow), executionName(source, Buffer.from(gateKey, "base64")));
}
