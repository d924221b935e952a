import { ClientError, ResponseBodyError, WWWAuthenticateChallengeError } from "openid-client";
import { HttpGuardError } from "../http/bounded-fetch.ts";
import { retryAfterSeconds } from "./retry-after.ts";

/** What can be said of a failed request without what it sent or received. */
export interface ProviderFailure {
  /** Class of the error it came from. */
  readonly name: string;
  readonly code: string | undefined;
  readonly status: number | undefined;
  /** RFC 6749 §5.2 `error`. */
  readonly oauthError: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** False where the request is known not to have reached the provider. */
  readonly sent: boolean;
}

/** The connection was never made, so no request was sent. */
const unconnected: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);
/** The client library stopped before it made a request. */
const unrequested: ReadonlySet<string> = new Set([
  "OAUTH_HTTP_REQUEST_FORBIDDEN",
  "OAUTH_REQUEST_PROTOCOL_FORBIDDEN",
  "OAUTH_MISSING_SERVER_METADATA",
  "OAUTH_INVALID_SERVER_METADATA",
  "HTTP_URL_FORBIDDEN",
]);

/**
 * Reads what openid-client or fetch threw; undefined when it is none of theirs, which is a bug.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 */
export function readFailure(error: unknown, now: number): ProviderFailure | undefined {
  if (error instanceof ResponseBodyError) {
    return answered("ResponseBodyError", error.code, error.response, now, error.error);
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    const challenge = error.cause.find(({ parameters }) => parameters.error !== undefined);
    const oauthError = challenge?.parameters.error;
    return answered("WWWAuthenticateChallengeError", error.code, error.response, now, oauthError);
  }
  if (error instanceof ClientError) return clientFailure(error, now);
  if (error instanceof TypeError) return fetchFailure(error);
  return undefined;
}

/** The failure as an error that can be kept as a cause: its class, code and status, nothing of the exchange. */
export function failureCause({ name, code, status }: ProviderFailure): Error {
  const facts = [code, status].filter((fact) => fact !== undefined).join(" ");
  const cause = Object.assign(new Error(facts || "no details"), { name });
  return Object.assign(cause, code !== undefined && { code }, status !== undefined && { status });
}

function clientFailure(error: ClientError, now: number): ProviderFailure {
  if (error.cause instanceof Response)
    return answered("ClientError", error.code, error.cause, now, undefined);
  const code = error.code ?? (error.cause instanceof HttpGuardError ? error.cause.code : undefined);
  return unanswered("ClientError", code, code === undefined || !unrequested.has(code));
}

/** Node's fetch rejects with a TypeError around the socket's own error; any other TypeError is a bug. */
function fetchFailure(error: TypeError): ProviderFailure | undefined {
  if (error.message !== "fetch failed" && error.message !== "terminated") return undefined;
  const code = codeOf(error.cause);
  return unanswered("TypeError", code, code === undefined || !unconnected.has(code));
}

function answered(
  name: string,
  code: string | undefined,
  { status, headers }: Response,
  now: number,
  oauthError: string | undefined,
): ProviderFailure {
  return {
    name,
    code,
    status,
    oauthError: oauthError === undefined ? undefined : safeError(oauthError),
    retryAfterSeconds: retryAfterSeconds(headers.get("retry-after"), now),
    sent: true,
  };
}

function unanswered(name: string, code: string | undefined, sent: boolean): ProviderFailure {
  return { name, code, status: undefined, oauthError: undefined, retryAfterSeconds: undefined, sent };
}

/** Registered errors are lower-case words; anything else might be an echo of what was sent. */
function safeError(error: string): string {
  return /^[a-z_]{1,64}$/.test(error) ? error : "unrecognized_error";
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}
