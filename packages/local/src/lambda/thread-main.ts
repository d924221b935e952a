import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { describeThrown } from "./failure.ts";
import type { Invocation, ThreadReport, ThreadStart } from "./thread-protocol.ts";

type Handler = (event: unknown, context: object) => unknown;

class NamedError extends Error {
  override readonly name: string;

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

await main(workerData as ThreadStart);

async function main(start: ThreadStart): Promise<void> {
  process.on("unhandledRejection", (reason) => {
    throw new NamedError("Runtime.UnhandledPromiseRejection", String(reason));
  });
  try {
    serve(await loadHandler(start));
    report({ kind: "started" });
  } catch (error) {
    report({ kind: "start_failed", failure: describeThrown(error) });
  }
}

async function loadHandler({ entry, handler: name }: ThreadStart): Promise<Handler> {
  const module = (await importEntry(entry)) as Record<string, unknown>;
  const commonJs = module["default"] as Record<string, unknown> | undefined;
  const handler = module[name] ?? commonJs?.[name];
  if (handler === undefined)
    throw new NamedError("Runtime.HandlerNotFound", `${entry} does not export ${name}`);
  if (typeof handler !== "function")
    throw new NamedError("Runtime.HandlerNotFound", `${name} in ${entry} is not a function`);
  if (handler.length > 2) {
    throw new NamedError(
      "Runtime.CallbackHandlerDeprecated",
      `${name} in ${entry} takes a callback, expected an async function of (event, context)`,
    );
  }
  return handler as Handler;
}

async function importEntry(entry: string): Promise<object> {
  try {
    return await import(pathToFileURL(entry).href);
  } catch (error) {
    throw nameImportError(error);
  }
}

function nameImportError(error: unknown): unknown {
  if (error instanceof SyntaxError) return rename(error, "Runtime.UserCodeSyntaxError");
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const missing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
  return missing && error instanceof Error ? rename(error, "Runtime.ImportModuleError") : error;
}

function rename(error: Error, name: string): Error {
  const renamed = new NamedError(name, error.message);
  if (error.stack) renamed.stack = error.stack;
  return renamed;
}

function serve(handler: Handler): void {
  parentPort?.on("message", (invocation: Invocation) => {
    void answer(handler, invocation);
  });
}

async function answer(handler: Handler, { requestId, event, ...call }: Invocation): Promise<void> {
  try {
    const result = await handler(JSON.parse(event), contextOf(requestId, call));
    report({ kind: "answered", requestId, payload: serialize(result) });
  } catch (error) {
    const failure = describeThrown(error);
    console.error(
      `${new Date().toISOString()}\t${requestId}\tERROR\tInvoke Error \t${JSON.stringify(failure)}`,
    );
    report({ kind: "failed", requestId, failure });
  }
}

function serialize(result: unknown): string {
  try {
    return JSON.stringify(result) ?? "null";
  } catch {
    throw new Error("Unable to stringify response body");
  }
}

// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html
function contextOf(requestId: string, call: Omit<Invocation, "requestId" | "event">): object {
  const { env } = process;
  return {
    awsRequestId: requestId,
    functionName: env["AWS_LAMBDA_FUNCTION_NAME"],
    functionVersion: env["AWS_LAMBDA_FUNCTION_VERSION"],
    invokedFunctionArn: call.functionArn,
    memoryLimitInMB: env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
    logGroupName: env["AWS_LAMBDA_LOG_GROUP_NAME"],
    logStreamName: env["AWS_LAMBDA_LOG_STREAM_NAME"],
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => call.deadlineMs - Date.now(),
  };
}

function report(message: ThreadReport): void {
  parentPort?.postMessage(message);
}
