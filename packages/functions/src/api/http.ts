import { CountersignError, InvalidInputError, RefusedError } from "@countersign/core/error/errors";
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from "aws-lambda";
import { problemResponse } from "./problem.ts";

/** A request of the HTTP API: payload format 2.0, as API Gateway gives it. */
export type ApiEvent = APIGatewayProxyEventV2;
export type ApiResponse = APIGatewayProxyStructuredResultV2;
export type ApiHandler = (event: ApiEvent, context: Context) => Promise<ApiResponse>;

/** What a handler needs of a logger. */
export interface ErrorLog {
  error(message: string, fields: { readonly error: Error; readonly [name: string]: unknown }): void;
  warn(message: string, fields: Record<string, unknown>): void;
}

/** Turns what a handler throws into an RFC 9457 answer; only what is out of order is logged as an error. */
export function answering(log: ErrorLog, run: (event: ApiEvent) => Promise<ApiResponse>): ApiHandler {
  return async (event, context) => {
    try {
      return await run(event);
    } catch (error) {
      const requestId = event.requestContext.requestId || context.awsRequestId;
      // By this id whoever got the answer finds the line.
      if (!(error instanceof CountersignError))
        log.error("request failed", { error: asError(error), requestId });
      else if (error.definition.status >= 500)
        log.error("request failed", { error, code: error.code, requestId });
      else log.warn("request refused", { code: error.code, requestId });
      return problemResponse(error, { requestId, origin: originOf(event) });
    }
  };
}

export function jsonResponse(
  statusCode: number,
  body: unknown,
  headers: Record<string, string> = {},
): ApiResponse {
  return {
    statusCode,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
    body: JSON.stringify(body),
  };
}

/**
 * The access token of the Authorization header (RFC 6750 §2.1).
 *
 * @throws {RefusedError} `token.missing`, also for another scheme, which RFC 6750 §3.1 wants answered alike.
 * @throws {InvalidInputError} `request.malformed` for the scheme with anything but one token.
 */
export function bearerToken(event: ApiEvent): string {
  const header = event.headers["authorization"];
  if (header === undefined || header === "")
    throw new RefusedError("token.missing", '"Authorization" is missing');
  if (!/^Bearer(?:\s|$)/i.test(header))
    throw new RefusedError("token.missing", '"Authorization" is not of the scheme "Bearer"');
  const match = /^Bearer +(\S+)$/i.exec(header);
  if (match?.[1]) return match[1];
  throw new InvalidInputError("request.malformed", '"Authorization" is not "Bearer" and one token', {
    field: "Authorization",
  });
}

/** Refuses what is not UTF-8, where a plain conversion would start a workflow with other text than was sent. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The largest input in its most roundabout JSON, with room to spare; what is larger is not parsed. */
const maxBodyBytes = 2 * 1024 * 1024;

/**
 * The JSON object of a body; an absent body is an empty one.
 *
 * @throws {InvalidInputError} `request.malformed` or `request.too_large`.
 */
export function jsonBody(event: ApiEvent): Record<string, unknown> {
  if (event.body === undefined || event.body === "") return {};
  const bytes = Buffer.byteLength(event.body, event.isBase64Encoded ? "base64" : "utf8");
  if (bytes > maxBodyBytes) {
    throw new InvalidInputError(
      "request.too_large",
      `"body" is ${bytes} bytes, expected at most ${maxBodyBytes}`,
      { field: "body" },
    );
  }
  let body: unknown;
  try {
    body = JSON.parse(event.isBase64Encoded ? utf8.decode(Buffer.from(event.body, "base64")) : event.body);
  } catch {
    throw new InvalidInputError("request.malformed", '"body" is not JSON in UTF-8', { field: "body" });
  }
  if (body === null || typeof body !== "object" || Array.isArray(body)) {
    throw new InvalidInputError("request.malformed", '"body" is not a JSON object', { field: "body" });
  }
  return body as Record<string, unknown>;
}

/** Refuses members of a body that nobody reads. @throws {InvalidInputError} `request.malformed`. */
export function onlyFields(body: Record<string, unknown>, fields: readonly string[]): void {
  const unknown = Object.keys(body).find((name) => !fields.includes(name));
  if (unknown === undefined) return;
  const expected = fields.map((name) => `"${name}"`).join(", ");
  throw new InvalidInputError(
    "request.malformed",
    `the body has an unknown field, expected only ${expected}`,
    { field: "body" },
  );
}

export function pathParameter(event: ApiEvent, name: string): string {
  const value = event.pathParameters?.[name];
  if (value === undefined || value === "")
    throw new InvalidInputError("request.malformed", `"${name}" is missing`, { field: name });
  return value;
}

/** Scheme and host the caller used; API Gateway has checked the host. */
export function originOf(event: ApiEvent): string {
  const scheme = event.headers["x-forwarded-proto"] === "http" ? "http" : "https";
  return `${scheme}://${event.requestContext.domainName}`;
}

/** Whatever was thrown, as an error. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
