import { randomUUID } from "node:crypto";
import { isAbsolute } from "node:path";
import { AwsError } from "../wire/aws-json.ts";
import { lambdaEnvironment } from "./environment.ts";
import { type FunctionFailure, responseTooLarge } from "./failure.ts";
import { functionArn, functionNotFound, parseFunctionName } from "./function-name.ts";
import { type Outcome, Thread } from "./thread.ts";

/** A Lambda function: the file that exports its handler, and its environment. */
export interface FunctionSpec {
  name: string;
  /** Absolute path of a .ts, .js, .mjs or .cjs file. */
  entry: string;
  /** The exported name of the handler; `handler` unless given. */
  handler?: string;
  environment: Record<string, string>;
  /** 20 unless given. */
  timeoutSeconds?: number;
}

/** What an invocation answered; with `functionError`, `payload` is Lambda's error object. */
export interface InvokeResult {
  payload: unknown;
  functionError?: "Handled" | "Unhandled";
}

/** A function as other parts of the runtime see it. */
export interface FunctionDescription {
  name: string;
  arn: string;
  timeoutSeconds: number;
}

/** Runs Lambda functions from their entry files, each in a thread of its own. */
export interface FunctionHost {
  /**
   * Runs the function on `payload`, as JSON.
   *
   * Each call runs at once: invocations of one function share a thread and so its module state, where
   * Lambda gives every concurrent invocation an environment of its own. A timed-out thread takes no
   * further work and ends when its other invocations have.
   *
   * @throws {AwsError} `ResourceNotFoundException`, or `RequestTooLargeException` over 6 MB.
   */
  invoke(nameOrArn: string, payload: unknown): Promise<InvokeResult>;
  /** @throws {AwsError} `ResourceNotFoundException`. */
  describe(nameOrArn: string): FunctionDescription;
  /**
   * Loads the functions' entries before their first use.
   *
   * @throws {Error} naming the first function whose entry can't be loaded.
   */
  warm(names: string[]): Promise<void>;
  /** Ends every thread; what still runs fails with `Runtime.ExitError`. */
  close(): Promise<void>;
}

export interface FunctionHostOptions {
  functions: FunctionSpec[];
  /** Takes each line a function writes to stdout or stderr. */
  onLog?: (functionName: string, line: string) => void;
}

type Function = Required<FunctionSpec>;

// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxRequestBytes = 6_291_456;
const maxResponseBytes = 6_291_556;

/**
 * Creates a host for `functions`; no thread starts before it is needed.
 *
 * @throws {Error} when a spec is unusable or a name is given twice.
 */
export function createFunctionHost({ functions, onLog }: FunctionHostOptions): FunctionHost {
  return new ThreadHost(indexByName(functions), onLog ?? (() => {}));
}

class ThreadHost implements FunctionHost {
  readonly #functions: ReadonlyMap<string, Function>;
  readonly #onLog: (functionName: string, line: string) => void;
  readonly #current = new Map<string, Thread>();
  readonly #threads = new Set<Thread>();
  #closed = false;

  constructor(functions: ReadonlyMap<string, Function>, onLog: (functionName: string, line: string) => void) {
    this.#functions = functions;
    this.#onLog = onLog;
  }

  async invoke(nameOrArn: string, payload: unknown): Promise<InvokeResult> {
    const fn = this.#find(nameOrArn);
    const event = serializeEvent(payload);
    const job = { requestId: randomUUID(), functionArn: functionArn(fn.name), event };
    return resultOf(await this.#threadOf(fn).run(job));
  }

  describe(nameOrArn: string): FunctionDescription {
    const { name, timeoutSeconds } = this.#find(nameOrArn);
    return { name, arn: functionArn(name), timeoutSeconds };
  }

  async warm(names: string[]): Promise<void> {
    const functions = names.map((name) => this.#find(name));
    await Promise.all(functions.map((fn) => this.#warmOne(fn)));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#threads].map((thread) => thread.terminate()));
    this.#threads.clear();
  }

  async #warmOne(fn: Function): Promise<void> {
    const failure = await this.#threadOf(fn).started();
    if (failure) {
      throw new Error(
        `function ${fn.name} does not start: ${failure.errorType}: ${failure.errorMessage}${lastFrames(failure)}`,
      );
    }
  }

  #find(nameOrArn: string): Function {
    const fn = this.#functions.get(parseFunctionName(nameOrArn));
    if (!fn) throw functionNotFound(nameOrArn);
    return fn;
  }

  #threadOf(fn: Function): Thread {
    if (this.#closed) throw new Error(`function ${fn.name} can't run: the function host is closed`);
    const current = this.#current.get(fn.name);
    if (current?.usable) return current;
    const thread = new Thread({
      start: { entry: fn.entry, handler: fn.handler },
      env: lambdaEnvironment(fn),
      timeoutSeconds: fn.timeoutSeconds,
      onLine: (line) => this.#onLog(fn.name, line),
    });
    this.#threads.add(thread);
    void thread.ended().then(() => this.#threads.delete(thread));
    this.#current.set(fn.name, thread);
    return thread;
  }
}

function indexByName(specs: readonly FunctionSpec[]): Map<string, Function> {
  const byName = new Map<string, Function>();
  for (const spec of specs) {
    if (byName.has(spec.name)) throw new Error(`function ${spec.name} is declared twice`);
    byName.set(spec.name, complete(spec));
  }
  return byName;
}

function complete(spec: FunctionSpec): Function {
  const fn = { handler: "handler", timeoutSeconds: 20, ...spec };
  if (parseFunctionName(fn.name) !== fn.name)
    throw new Error(`function ${fn.name} is named by an ARN, expected a bare name`);
  if (!isAbsolute(fn.entry))
    throw new Error(`function ${fn.name}: entry is "${fn.entry}", expected an absolute path`);
  if (!(fn.timeoutSeconds > 0 && fn.timeoutSeconds <= 900))
    throw new Error(`function ${fn.name}: timeoutSeconds is ${fn.timeoutSeconds}, expected 1 to 900`);
  return fn;
}

function serializeEvent(payload: unknown): string {
  const event = JSON.stringify(payload) ?? "{}";
  // UTF-8 takes at most three bytes for each UTF-16 unit, so a short text needs no counting
  if (event.length * 3 > maxRequestBytes && Buffer.byteLength(event) > maxRequestBytes) {
    throw new AwsError(
      "RequestTooLargeException",
      `Request must be smaller than ${maxRequestBytes} bytes for the InvokeFunction operation`,
      413,
    );
  }
  return event;
}

function resultOf(outcome: Outcome): InvokeResult {
  if ("failure" in outcome) return { payload: outcome.failure, functionError: "Unhandled" };
  const { payload } = outcome;
  if (payload.length * 3 > maxResponseBytes && Buffer.byteLength(payload) > maxResponseBytes) {
    return { payload: responseTooLarge(maxResponseBytes), functionError: "Unhandled" };
  }
  return { payload: JSON.parse(payload) };
}

function lastFrames({ trace }: FunctionFailure): string {
  return trace && trace.length > 1 ? `\n${trace.slice(1, 4).join("\n")}` : "";
}
