import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { AwsError } from "../wire/aws-json.ts";
import type { FunctionHost, InvokeResult } from "./host.ts";
import { gatewayAnswer, type HttpAnswer, readFunctionAnswer } from "./http-answer.ts";
import { splitTarget, toHttpEvent } from "./http-event.ts";
import { compileRoutes, type HttpRoute, type RouteMatch, type Router } from "./http-routes.ts";
import { readBodyUpTo } from "./request-body.ts";

export interface HttpApiOptions {
  routes: readonly HttpRoute[];
  host: FunctionHost;
  /** How long a function may take to answer; 30 s, API Gateway's limit, unless given. */
  integrationTimeoutMs?: number;
  /** Told why a request was answered with 500 or 503; written to stderr unless given. */
  onError?: (message: string) => void;
}

type Settings = Required<Omit<HttpApiOptions, "routes">> & { route: Router };

const maxBodyBytes = 10 * 1024 * 1024;

/**
 * Serves functions as an API Gateway HTTP API does, with payload format 2.0 both ways.
 *
 * Not imitated: authorizers, CORS configuration, stages other than `$default`, throttling, and the renaming
 * of some response headers (API Gateway is reported to send `www-authenticate` as
 * `x-amzn-remapped-www-authenticate`; here it keeps its name).
 *
 * @throws {Error} when a route is malformed, takes another's requests, or names an unknown function.
 */
export function createHttpApi(options: HttpApiOptions): RequestListener {
  for (const { functionName } of options.routes) options.host.describe(functionName);
  const settings: Settings = {
    host: options.host,
    route: compileRoutes(options.routes),
    integrationTimeoutMs: options.integrationTimeoutMs ?? 30_000,
    onError: options.onError ?? ((message) => void process.stderr.write(`${message}\n`)),
  };
  return (request, response) => {
    const requestId = randomUUID();
    answer(settings, request, requestId)
      .catch((error: unknown) => answerError(settings, request, error))
      .then((result) => send(response, result, requestId))
      .catch(() => response.destroy());
  };
}

async function answer(settings: Settings, request: IncomingMessage, requestId: string): Promise<HttpAnswer> {
  const now = new Date();
  const body = await readBodyUpTo(request, maxBodyBytes);
  if (!body) return gatewayAnswer(413, "Request Entity Too Large");
  const match = settings.route(request.method ?? "GET", splitTarget(request).rawPath);
  if (!match) return gatewayAnswer(404, "Not Found");
  const event = toHttpEvent(request, match, body, requestId, now);
  const result = await withinMs(
    settings.integrationTimeoutMs,
    settings.host.invoke(match.functionName, event),
  );
  return readResult(settings, match, result);
}

function readResult(
  { onError }: Settings,
  { routeKey, functionName }: RouteMatch,
  result: InvokeResult | undefined,
): HttpAnswer {
  const failure = failureOf(result);
  const read = failure || !result ? undefined : readFunctionAnswer(result.payload);
  if (read) return read;
  onError(`${routeKey}: function ${functionName}: ${failure ?? "its answer is malformed"}`);
  return failure === "Sandbox.Timedout"
    ? gatewayAnswer(503, "Service Unavailable")
    : gatewayAnswer(500, "Internal Server Error");
}

function failureOf(result: InvokeResult | undefined): string | undefined {
  if (!result) return "Sandbox.Timedout";
  if (!result.functionError) return undefined;
  return String((result.payload as { errorType?: unknown }).errorType);
}

function answerError({ onError }: Settings, request: IncomingMessage, error: unknown): HttpAnswer {
  if (error instanceof URIError) return gatewayAnswer(400, "Bad Request");
  if (error instanceof AwsError && error.statusCode === 413)
    return gatewayAnswer(413, "Request Entity Too Large");
  onError(`${request.method} ${splitTarget(request).rawPath}: ${String(error)}`);
  return gatewayAnswer(500, "Internal Server Error");
}

/** Gives nothing when `work` takes longer; it goes on, as a function does behind a gateway that gave up. */
async function withinMs<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

function send(response: ServerResponse, { status, headers, body }: HttpAnswer, requestId: string): void {
  const bodiless = status === 204 || status === 304;
  response.writeHead(status, {
    ...headers,
    ...(bodiless ? {} : { "content-length": body.length }),
    "apigw-requestid": requestId,
  });
  response.end(bodiless ? undefined : body);
}
