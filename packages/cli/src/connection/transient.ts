import { ApiError, ConnectionError } from "@countersign/client/errors";

/** Whether a failure may pass by itself: nothing answered, too many requests, or the server's own trouble. */
export function isTransient(error: unknown): error is ApiError | ConnectionError {
  if (error instanceof ConnectionError) return true;
  return error instanceof ApiError && (error.status === 429 || error.status >= 500);
}
