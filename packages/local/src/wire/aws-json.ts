import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { z } from "zod";

/** A refusal in the shape the AWS SDK turns into an exception named `code`. */
export class AwsError extends Error {
  override readonly name = "AwsError";
  readonly code: string;
  readonly statusCode: number;

  constructor(code: string, message: string, statusCode = 400) {
    super(message);
    this.code = code;
    this.statusCode = statusCode;
  }
}

/** One API operation: its input after parsing, its output as the JSON of the wire. */
export type Operation = (input: unknown) => unknown;

/** An AWS service that speaks JSON 1.0 or 1.1, known by the prefix of its `X-Amz-Target`. */
export interface AwsJsonService {
  readonly targetPrefix: string;
  readonly jsonVersion: "1.0" | "1.1";
  readonly operations: Readonly<Record<string, Operation>>;
  /** What the service calls a malformed request; most say `ValidationException`. */
  readonly validationError?: string;
}

/**
 * Declares an operation by a strict schema, so that a parameter nobody reads is refused by name
 * and never silently ignored.
 */
export function operation<S extends z.ZodType>(schema: S, run: (input: z.output<S>) => unknown): Operation {
  return (input) => {
    const parsed = schema.safeParse(input);
    if (parsed.success) return run(parsed.data);
    throw new InvalidParameters(parsed.error.issues.map(describeIssue).join("; "));
  };
}

class InvalidParameters extends Error {
  override readonly name = "InvalidParameters";
}

function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") {
    return `parameter ${issue.keys.map((key) => [...issue.path, key].join(".")).join(", ")} is not supported here`;
  }
  return `${issue.path.join(".") || "request"}: ${issue.message}`;
}

const maxBodyBytes = 4 * 1024 * 1024;

/** Reads a whole request body, refusing one over 4 MiB. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new AwsError("RequestEntityTooLarge", "body is over 4 MiB", 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Serves several JSON services on one listener, told apart by `X-Amz-Target`. */
export function awsJsonListener(services: readonly AwsJsonService[]): RequestListener {
  const byPrefix = new Map(services.map((service) => [service.targetPrefix, service]));
  return (request, response) => {
    void answer(byPrefix, request, response);
  };
}

async function answer(
  byPrefix: ReadonlyMap<string, AwsJsonService>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = String(request.headers["x-amz-target"] ?? "");
  const dot = target.lastIndexOf(".");
  const service = byPrefix.get(target.slice(0, dot));
  const version = service?.jsonVersion ?? "1.0";
  try {
    const body = await readBody(request);
    const run = service?.operations[target.slice(dot + 1)];
    if (!run)
      throw new AwsError("UnknownOperationException", `${target || "this request"} is not supported here`);
    const output = await run(body.length === 0 ? {} : JSON.parse(body.toString("utf8")));
    send(response, 200, version, output ?? {});
  } catch (error) {
    sendError(response, version, service, error);
  }
}

function sendError(
  response: ServerResponse,
  version: string,
  service: AwsJsonService | undefined,
  error: unknown,
): void {
  if (error instanceof AwsError) {
    send(response, error.statusCode, version, { __type: error.code, message: error.message });
  } else if (error instanceof InvalidParameters || error instanceof SyntaxError) {
    const type = service?.validationError ?? "ValidationException";
    send(response, 400, version, { __type: type, message: error.message });
  } else {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`embedded AWS endpoint: ${message}\n`);
    send(response, 500, version, { __type: "InternalFailure", message: "internal failure" });
  }
}

function send(response: ServerResponse, status: number, version: string, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "content-type": `application/x-amz-json-${version}`,
    "content-length": bytes.length,
    "x-amzn-requestid": randomUUID(),
  });
  response.end(bytes);
}
