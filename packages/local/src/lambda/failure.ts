/** What Lambda answers in place of a result when an invocation fails. */
export interface FunctionFailure {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

/** Gives whatever a handler threw the shape that Lambda's Node.js runtime gives it. */
export function describeThrown(thrown: unknown): FunctionFailure {
  try {
    if (thrown instanceof Error) {
      return {
        errorType: thrown.name,
        errorMessage: thrown.message,
        trace: thrown.stack?.split("\n") ?? [],
      };
    }
    return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
  } catch {
    return { errorType: "Error", errorMessage: "the thrown value could not be read", trace: [] };
  }
}

/** The answer to an invocation that ran past the function's timeout. */
export function timedOut(requestId: string, seconds: number): FunctionFailure {
  return {
    errorType: "Sandbox.Timedout",
    errorMessage: `RequestId: ${requestId} Error: Task timed out after ${seconds.toFixed(2)} seconds`,
  };
}

/** The answer to an invocation whose execution environment ended before it answered. */
export function exited(requestId: string, reason: string): FunctionFailure {
  return { errorType: "Runtime.ExitError", errorMessage: `RequestId: ${requestId} Error: ${reason}` };
}

/** Says why an execution environment that ended with `exitCode` is gone. */
export function describeExit(exitCode: number): string {
  return exitCode === 0
    ? "Runtime exited without providing a reason"
    : `Runtime exited with error: exit status ${exitCode}`;
}

/** The answer to an invocation whose result is larger than Lambda returns. */
export function responseTooLarge(limitBytes: number): FunctionFailure {
  return {
    errorType: "Function.ResponseSizeTooLarge",
    errorMessage: `Response payload size exceeded maximum allowed payload size (${limitBytes} bytes).`,
  };
}
