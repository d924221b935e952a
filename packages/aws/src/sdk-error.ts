import { UnavailableError } from "@countersign/core/error/errors";

const throttles = new Set([
  "Throttling",
  "ThrottlingException",
  "ThrottledException",
  "RequestThrottled",
  "RequestThrottledException",
  "TooManyRequestsException",
  "RequestLimitExceeded",
  "ProvisionedThroughputExceededException",
  "KmsThrottlingException",
  "KMS.ThrottlingException",
]);
const interruptions = new Set([
  "TimeoutError",
  "AbortError",
  "RequestTimeout",
  "RequestTimeoutException",
  "InternalError",
  "InternalFailure",
  "InternalServerError",
  "InternalServiceError",
  "ServiceUnavailable",
  "ServiceUnavailableException",
  "KMSInternalException",
  "DependencyTimeoutException",
  "KeyUnavailableException",
]);
const networkFailures = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

interface SdkFailure {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Whether AWS turned the request away unheard, for there were too many. */
export function isThrottle(error: unknown): boolean {
  const { name, $metadata } = failure(error);
  return throttles.has(name ?? "") || $metadata?.httpStatusCode === 429;
}

/** Whether trying again later may help: throttled, timed out, no network, or a fault of the service. */
export function isTransient(error: unknown): boolean {
  const { name, code, $metadata } = failure(error);
  return (
    isThrottle(error) ||
    interruptions.has(name ?? "") ||
    networkFailures.has(code ?? "") ||
    ($metadata?.httpStatusCode ?? 0) >= 500
  );
}

/**
 * Waits for an SDK call, and says of a failure that may pass that `store` is unavailable.
 *
 * What cannot pass (no such table, access denied, a malformed request) is thrown as the SDK threw it.
 *
 * @throws {UnavailableError} `store.unavailable`.
 */
export async function orUnavailable<T>(call: Promise<T>, store: string): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!isTransient(error)) throw error;
    throw unavailable(store, error);
  }
}

/** Seconds after which a throttled caller may well be let through: quotas fill again by the second. */
const throttledSeconds = 2;

/** The error of a store that did not answer; its message names the failure, never what was sent. */
export function unavailable(store: string, cause: unknown): UnavailableError {
  if (isThrottle(cause)) {
    return new UnavailableError("store.throttled", `${store} is throttled: ${failureName(cause)}`, {
      cause,
      retryAfterSeconds: throttledSeconds,
    });
  }
  return new UnavailableError("store.unavailable", `${store} did not answer: ${failureName(cause)}`, {
    cause,
  });
}

/** The name of an SDK or network failure. */
export function failureName(error: unknown): string {
  const { name, code } = failure(error);
  return code ?? name ?? "unknown failure";
}

function failure(error: unknown): SdkFailure {
  return typeof error === "object" && error !== null ? (error as SdkFailure) : {};
}
