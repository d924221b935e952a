import { ApiError, ConnectionError } from "@countersign/client/errors";

/** Whether a failure may pass by itself: nothing answered, too many requests, or the server's own trouble. */
export function isTransient(error: unknown): error is ApiError | ConnectionError {
  if (error instanceof ConnectionError) return true;
  return error instanceof ApiError && (error.status === 429 || error.status >= 500);
}

/** The identity provider did not answer, so that the API was not asked yet. */
export class ProviderConnectionError extends ConnectionError {}

/** Of the system and of Node's client: no connection came about, so that nothing was sent. */
const neverConnected = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Whether the API may have got the request though no answer came: its connection broke off, or it was slow. */
export function mayHaveArrived(error: unknown): error is ConnectionError {
  if (!(error instanceof ConnectionError) || error instanceof ProviderConnectionError) return false;
  const code = codeOf(error.cause);
  return code === undefined || !neverConnected.has(code);
}

/** `fetch` hides the system's error as a cause, for several addresses in an aggregate. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === "string") return code;
  return codeOf(error instanceof AggregateError ? error.errors[0] : error.cause);
}
