import { RefusedError } from "@countersign/core/error/errors";
import type { TokenVerifier, VerifiedToken } from "@countersign/core/token/verified-token";
import type { Context } from "aws-lambda";
import { tokenWith } from "../../core/test-support/fixtures.ts";
import type { ApiEvent, ApiHandler, ErrorLog } from "../src/api/http.ts";
import { expectDocumented } from "./documented.ts";

/** What a test says of a request; what it leaves out is as API Gateway sends it. */
export interface RequestFacts {
  /** Bearer token; `null` sends no Authorization header. */
  readonly token?: string | null;
  readonly headers?: Record<string, string>;
  readonly path?: Record<string, string>;
  readonly query?: Record<string, string>;
  /** Sent as JSON, unless it is text already. */
  readonly body?: unknown;
  readonly base64?: boolean;
}

export const requestId = "request-1";
export const callerToken = "callers-token";
const context = { awsRequestId: "invocation-1" } as Context;

/** An event of payload format 2.0. */
export function apiEvent(route: string, facts: RequestFacts = {}): ApiEvent {
  const [method = "", template = ""] = route.split(" ");
  const token = facts.token === undefined ? callerToken : facts.token;
  const rawPath = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => facts.path?.[name] ?? "");
  const text = typeof facts.body === "string" ? facts.body : JSON.stringify(facts.body);
  const body = facts.base64 && text !== undefined ? Buffer.from(text).toString("base64") : text;
  return {
    version: "2.0",
    routeKey: route,
    rawPath,
    rawQueryString: "",
    headers: {
      "x-forwarded-proto": "https",
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...facts.headers,
    },
    ...(facts.path && { pathParameters: facts.path }),
    ...(facts.query && { queryStringParameters: facts.query }),
    requestContext: {
      accountId: "123456789012",
      apiId: "api",
      domainName: "gate.example",
      domainPrefix: "gate",
      http: { method, path: rawPath, protocol: "HTTP/1.1", sourceIp: "192.0.2.7", userAgent: "test/1" },
      requestId,
      routeKey: route,
      stage: "$default",
      time: "15/Jan/2026:12:00:00 +0000",
      timeEpoch: Date.UTC(2026, 0, 15, 12),
    },
    ...(body !== undefined && { body }),
    isBase64Encoded: facts.base64 ?? false,
  };
}

/** Calls a handler and holds its answer against the document of the API. */
export async function call(handler: ApiHandler, route: string, facts: RequestFacts = {}) {
  const response = await handler(apiEvent(route, facts), context);
  expectDocumented(route, response);
  const { statusCode: status, headers = {}, body = "" } = response;
  return { status, headers, text: body, body: JSON.parse(body) as Record<string, unknown> };
}

/** Takes the tokens it was told of, and refuses all others as malformed. */
export class KnownTokens implements TokenVerifier {
  readonly #tokens = new Map<string, VerifiedToken>();

  constructor(change: Partial<VerifiedToken> = {}) {
    this.add(callerToken, change);
  }

  add(raw: string, change: Partial<VerifiedToken> = {}): void {
    this.#tokens.set(raw, tokenWith(change));
  }

  async verify(raw: string): Promise<VerifiedToken> {
    const token = this.#tokens.get(raw);
    if (token) return token;
    throw new RefusedError("token.malformed", "the token is not a JWT");
  }
}

/** Keeps what it is told. */
export class MemoryLog implements ErrorLog {
  readonly errors: { message: string; error: Error; [name: string]: unknown }[] = [];
  readonly warnings: { message: string; fields: Record<string, unknown> }[] = [];

  error(message: string, fields: { error: Error; [name: string]: unknown }): void {
    this.errors.push({ message, ...fields });
  }

  warn(message: string, fields: Record<string, unknown>): void {
    this.warnings.push({ message, fields });
  }
}
