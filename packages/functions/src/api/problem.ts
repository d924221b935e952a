import { type ErrorCode, type ErrorDefinition, errorCatalog } from "@countersign/core/error/catalog";
import { CountersignError } from "@countersign/core/error/errors";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";

/** An RFC 9457 answer, with the RFC 6750 §3 challenge where a token is at fault. */
export function problemResponse(
  error: unknown,
  context: { requestId: string; origin: string },
): APIGatewayProxyStructuredResultV2 {
  const known = error instanceof CountersignError ? error : undefined;
  const code: ErrorCode = known?.code ?? "internal";
  const { status, title, fix } = errorCatalog[code];
  const challenge = challengeHeader(code, known, context.origin);
  const retryAfter = delaySeconds(known?.retryAfterSeconds ?? (status === 503 ? 5 : undefined));
  const body = {
    type: `urn:countersign:error:${code}`,
    title,
    status,
    code,
    detail: known?.message ?? "something went wrong; nothing more can be said here",
    fix,
    ...(known?.field !== undefined && { field: known.field }),
    requestId: context.requestId,
  };
  return {
    statusCode: status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...(challenge !== undefined && { "www-authenticate": challenge }),
      ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
    },
    body: JSON.stringify(body),
  };
}

/** Whole seconds (RFC 9110 §10.2.3), rounded up so that nobody comes too early. */
function delaySeconds(seconds: number | undefined): number | undefined {
  if (seconds === undefined || !Number.isFinite(seconds)) return undefined;
  return Math.max(0, Math.ceil(seconds));
}

function challengeHeader(
  code: ErrorCode,
  error: CountersignError | undefined,
  origin: string,
): string | undefined {
  const definition: ErrorDefinition = errorCatalog[code];
  if (definition.status !== 401 && definition.challenge === undefined) return undefined;
  const metadata = parameter("resource_metadata", `${origin}/.well-known/oauth-protected-resource`);
  // RFC 6750 §3.1: a request without a token is told how to authenticate and no error.
  if (definition.challenge === undefined) return `Bearer ${metadata}`;
  const parameters = [
    parameter("error", definition.challenge),
    parameter("error_description", definition.title),
    ...(error?.requiredScopes ? [parameter("scope", error.requiredScopes.join(" "))] : []),
    metadata,
  ];
  return `Bearer ${parameters.join(", ")}`;
}

/** Of the characters RFC 6750 §3 allows: no quote that would end the value, no line that would end the header. */
function parameter(name: string, value: string): string {
  return `${name}="${value.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "'")}"`;
}
