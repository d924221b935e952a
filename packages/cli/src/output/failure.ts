import { ApiError, ConnectionError } from "@countersign/client/errors";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { neutralize, withoutTokens } from "./text.ts";

/** A failure that the command can explain: what happened, what to do, and the exit code. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly fix: string;
  readonly exitCode: ExitCode;

  constructor(message: string, fix: string, exitCode: ExitCode) {
    super(message);
    this.fix = fix;
    this.exitCode = exitCode;
  }
}

/** What was typed cannot be carried out as it is. */
export function usageError(message: string, fix: string): CommandError {
  return new CommandError(message, fix, exitCodes.usage);
}

/** Any failure as a {@link CommandError}. */
export function explain(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  if (error instanceof ApiError) return refusal(error);
  if (error instanceof ConnectionError) {
    return new CommandError(error.message, error.fix, exitCodes.unavailable);
  }
  const message = error instanceof Error ? error.message : String(error);
  return new CommandError(message, "try again; if it stays, report it as a bug", exitCodes.unexpected);
}

/** The two lines an error is told in, without control characters or tokens. */
export function errorLines({ message, fix }: CommandError): string {
  return `error: ${oneLine(message)}\nfix:   ${oneLine(fix)}\n`;
}

function refusal(error: ApiError): CommandError {
  const { detail, fix, field: name } = error;
  const field = name === undefined ? "" : `, ${name.startsWith("--") ? "option" : "field"} ${name}`;
  const request = error.requestId === undefined ? "" : `, request ${error.requestId}`;
  const wait = error.retryAfterSeconds === undefined ? "" : ` (after ${error.retryAfterSeconds} s)`;
  return new CommandError(
    `${detail} (${error.code}${field}${request})`,
    `${fix}${wait}`,
    exitCodeOf(error.status),
  );
}

function exitCodeOf(status: number): ExitCode {
  if (status >= 500) return exitCodes.unavailable;
  // a malformed request is one that was typed wrong
  if (status === 400) return exitCodes.usage;
  return status >= 401 ? exitCodes.refused : exitCodes.unexpected;
}

function oneLine(text: string): string {
  return withoutTokens(neutralize(text));
}
