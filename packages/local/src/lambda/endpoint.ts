import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { AwsError } from "../wire/aws-json.ts";
import { createAsyncInvocations, type DiscardedEvent } from "./async-invocations.ts";
import { functionNotFound } from "./function-name.ts";
import type { FunctionHost } from "./host.ts";
import { readBodyUpTo } from "./request-body.ts";

/** Lambda's Invoke API, for an HTTP server that other services share. */
export interface LambdaEndpoint {
  /** Answers a request of Lambda's API; false, with nothing read or written, when it is not one. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /** Resolves once every event that was accepted (202) has succeeded or been discarded. */
  idle(): Promise<void>;
  /** Drops the pending retries of accepted events and waits for what runs. */
  close(): Promise<void>;
}

export interface LambdaEndpointOptions {
  host: FunctionHost;
  /** The waits before an accepted event's retries; a minute and two minutes, as on Lambda, unless given. */
  retryDelaysMs?: readonly number[];
  /** Told of an accepted event that failed on every attempt; it is written to stderr unless given. */
  onDiscarded?: (event: DiscardedEvent) => void;
}

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

// every version of Lambda's API is under its date
const lambdaPath = /^\/20\d\d-\d\d-\d\d\//;
const invokePath = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;

const maxSyncBytes = 6_291_456;
const maxAsyncBytes = 1_048_576;
const unsupportedHeaders = [
  "x-amz-client-context",
  "x-amz-tenant-id",
  "x-amz-durable-execution-name",
] as const;

/**
 * Serves `POST /2015-03-31/functions/{name}/invocations`; any other Lambda path is refused with
 * `UnknownOperationException`.
 *
 * See https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html. Not supported, and refused:
 * versions and aliases, log tails, client contexts, tenants and durable executions.
 */
export function createLambdaEndpoint(options: LambdaEndpointOptions): LambdaEndpoint {
  const { host } = options;
  const events = createAsyncInvocations({
    host,
    retryDelaysMs: options.retryDelaysMs ?? [60_000, 120_000],
    onDiscarded: options.onDiscarded ?? reportDiscarded,
  });

  async function answer(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? "/", "http://localhost");
    const [, encodedName] = invokePath.exec(url.pathname) ?? [];
    if (encodedName === undefined || request.method !== "POST") {
      throw new AwsError(
        "UnknownOperationException",
        `${request.method} ${url.pathname} is not supported here`,
        404,
      );
    }
    const name = describeTarget(host, encodedName, url.searchParams);
    const type = invocationType(request);
    refuseUnsupported(request);
    const payload = await readPayload(request, type === "Event" ? maxAsyncBytes : maxSyncBytes);
    if (type === "DryRun") return { status: 204 };
    if (type === "RequestResponse") return invokeNow(host, name, payload);
    events.accept(name, payload);
    return { status: 202 };
  }

  function handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (!lambdaPath.test(request.url ?? "")) return false;
    answer(request).then(
      (result) => send(response, result),
      (error: unknown) => send(response, describeError(error)),
    );
    return true;
  }

  return { handle, idle: events.idle, close: events.close };
}

function describeTarget(host: FunctionHost, encodedName: string, query: URLSearchParams): string {
  const name = decodeURIComponent(encodedName);
  const qualifier = query.get("Qualifier");
  if (qualifier !== null && qualifier !== "$LATEST") throw functionNotFound(`${name}:${qualifier}`);
  return host.describe(name).name;
}

type InvocationType = "RequestResponse" | "Event" | "DryRun";

function invocationType(request: IncomingMessage): InvocationType {
  const type = request.headers["x-amz-invocation-type"] ?? "RequestResponse";
  if (type === "RequestResponse" || type === "Event" || type === "DryRun") return type;
  throw new AwsError(
    "InvalidParameterValueException",
    `X-Amz-Invocation-Type is "${type}", expected RequestResponse, Event or DryRun`,
  );
}

function refuseUnsupported(request: IncomingMessage): void {
  for (const header of unsupportedHeaders) {
    if (request.headers[header] !== undefined)
      throw new AwsError("InvalidParameterValueException", `${header} is not supported here`);
  }
  if ((request.headers["x-amz-log-type"] ?? "None") !== "None")
    throw new AwsError("InvalidParameterValueException", "X-Amz-Log-Type: Tail is not supported here");
}

async function readPayload(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const body = await readBodyUpTo(request, maxBytes);
  if (!body) {
    throw new AwsError(
      "RequestTooLargeException",
      `Request must be smaller than ${maxBytes} bytes for the InvokeFunction operation`,
      413,
    );
  }
  try {
    return body.length === 0 ? {} : JSON.parse(body.toString("utf8"));
  } catch {
    throw new AwsError("InvalidRequestContentException", "Could not parse request body into json");
  }
}

async function invokeNow(host: FunctionHost, name: string, payload: unknown): Promise<Answer> {
  const { payload: body, functionError } = await host.invoke(name, payload);
  const headers: Record<string, string> = { "x-amz-executed-version": "$LATEST" };
  if (functionError) headers["x-amz-function-error"] = functionError;
  return { status: 200, headers, body };
}

function describeError(error: unknown): Answer {
  if (error instanceof AwsError) {
    return {
      status: error.statusCode,
      headers: { "x-amzn-errortype": error.code },
      body: { Type: "User", Message: error.message, message: error.message },
    };
  }
  process.stderr.write(`embedded Lambda endpoint: ${error instanceof Error ? error.stack : String(error)}\n`);
  return {
    status: 500,
    headers: { "x-amzn-errortype": "ServiceException" },
    body: { Type: "Service", Message: "internal failure", message: "internal failure" },
  };
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    ...headers,
    ...(status === 204 ? {} : { "content-type": "application/json", "content-length": bytes.length }),
    "x-amzn-requestid": randomUUID(),
  });
  response.end(bytes);
}

function reportDiscarded({ functionName, attempts }: DiscardedEvent): void {
  process.stderr.write(`function ${functionName}: an event failed ${attempts} times and is discarded\n`);
}
