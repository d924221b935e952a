import type { FunctionHost, InvokeResult } from "./host.ts";

/** An asynchronous invocation that failed on every attempt. */
export interface DiscardedEvent {
  functionName: string;
  payload: unknown;
  attempts: number;
  failure: unknown;
}

/** Runs asynchronous invocations with Lambda's retries. */
export interface AsyncInvocations {
  /** Accepts an event; it is held in memory alone until it is done. */
  accept(functionName: string, payload: unknown): void;
  /** Resolves once every accepted event has succeeded or been discarded. */
  idle(): Promise<void>;
  /** Drops pending retries and waits for what runs. */
  close(): Promise<void>;
}

export interface AsyncInvocationOptions {
  host: FunctionHost;
  /** The waits before each retry, in ms. */
  retryDelaysMs: readonly number[];
  onDiscarded: (event: DiscardedEvent) => void;
}

/** See https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html. */
export function createAsyncInvocations(options: AsyncInvocationOptions): AsyncInvocations {
  const running = new Set<Promise<void>>();
  const closing = new AbortController();

  function accept(functionName: string, payload: unknown): void {
    const run = invokeWithRetries(options, functionName, payload, closing.signal);
    running.add(run);
    void run.finally(() => running.delete(run));
  }

  async function idle(): Promise<void> {
    while (running.size > 0) await Promise.all(running);
  }

  async function close(): Promise<void> {
    closing.abort();
    await idle();
  }

  return { accept, idle, close };
}

async function invokeWithRetries(
  { host, retryDelaysMs, onDiscarded }: AsyncInvocationOptions,
  functionName: string,
  payload: unknown,
  closing: AbortSignal,
): Promise<void> {
  const delays: (number | undefined)[] = [...retryDelaysMs, undefined];
  for (const [attempt, delayMs] of delays.entries()) {
    const failure = await tryOnce(host, functionName, payload);
    if (failure === undefined || closing.aborted) return;
    if (delayMs === undefined) onDiscarded({ functionName, payload, attempts: attempt + 1, failure });
    else await waitUnlessClosed(delayMs, closing);
    if (closing.aborted) return;
  }
}

async function tryOnce(host: FunctionHost, name: string, payload: unknown): Promise<unknown> {
  try {
    const result: InvokeResult = await host.invoke(name, payload);
    return result.functionError ? result.payload : undefined;
  } catch (error) {
    return error;
  }
}

function waitUnlessClosed(ms: number, closing: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    closing.addEventListener("abort", done);
    function done(): void {
      clearTimeout(timer);
      closing.removeEventListener("abort", done);
      resolve();
    }
  });
}
