import { type ErrorCode, type ErrorDefinition, errorCatalog } from "./catalog.ts";

/** What an error may carry beside its message; never a token or a secret. */
export interface ErrorOptions {
  readonly cause?: unknown;
  /** The field, claim or parameter at fault. */
  readonly field?: string;
  readonly retryAfterSeconds?: number;
  /** Scopes that would have been enough (RFC 6750 §3 `scope`). */
  readonly requiredScopes?: readonly string[];
}

/** The base of every error that Countersign raises on purpose; anything else is a bug. */
export abstract class CountersignError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly requiredScopes: readonly string[] | undefined;

  constructor(code: ErrorCode, detail: string, options: ErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.field = options.field;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.requiredScopes = options.requiredScopes;
  }

  get definition(): ErrorDefinition {
    return errorCatalog[this.code];
  }
}

/** The caller's request, an event or a configuration is malformed: never retried as it is. */
export class InvalidInputError extends CountersignError {
  override readonly name = "InvalidInputError";
}

/** A well-formed request is refused by verification or policy. */
export class RefusedError extends CountersignError {
  override readonly name = "RefusedError";
}

/** The identity provider refused; `oauthError` is the RFC 6749 §5.2 `error`. */
export class OAuthResponseError extends CountersignError {
  override readonly name = "OAuthResponseError";
  readonly oauthError: string;

  constructor(code: ErrorCode, oauthError: string, detail: string, options: ErrorOptions = {}) {
    super(code, detail, options);
    this.oauthError = oauthError;
  }
}

/** A conditional write lost against another writer: re-read, then decide. */
export class ConflictError extends CountersignError {
  override readonly name = "ConflictError";
}

/** A dependency was throttled or down and nothing was written: back off and try again. */
export class UnavailableError extends CountersignError {
  override readonly name = "UnavailableError";
}

/** An effect may or may not have happened: reload state before deciding. */
export class OutcomeUnknownError extends CountersignError {
  override readonly name = "OutcomeUnknownError";
}

/** Stored evidence contradicts itself: stop, raise a finding, never retry. */
export class IntegrityError extends CountersignError {
  override readonly name = "IntegrityError";
}

/** Whether an error says no to whoever asked, as against something of ours that is down, throttled or broken. */
export function isRefusal(error: unknown): error is CountersignError {
  return (
    error instanceof CountersignError && !(error instanceof UnavailableError) && error.definition.status < 500
  );
}
