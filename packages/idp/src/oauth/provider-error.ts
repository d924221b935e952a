import {
  type CountersignError,
  OAuthResponseError,
  OutcomeUnknownError,
  UnavailableError,
} from "@countersign/core/error/errors";
import { failureCause, type ProviderFailure } from "./provider-failure.ts";

/** What was being asked of the provider. */
export type ProviderOperation = "discover" | "exchange" | "introspect" | "revoke";

/** OAuth errors that say "later", not "no" (RFC 6749 §4.1.2.1, RFC 8628 §3.5). */
const laterErrors: ReadonlySet<string> = new Set(["temporarily_unavailable", "slow_down"]);

/**
 * Whether the provider refused the client rather than the request. A bare 401 counts, as does Keycloak's
 * 401 `unauthorized_client` for a wrong secret; 401 with another error speaks of the request.
 */
export function isClientRefused({ oauthError, status }: ProviderFailure): boolean {
  if (oauthError === "invalid_client") return true;
  return status === 401 && (oauthError === undefined || oauthError === "unauthorized_client");
}

/** The error of the port for a failure; only an exchange can leave something behind, so only it can be unknown. */
export function providerError(
  failure: ProviderFailure,
  operation: ProviderOperation,
  issuer: string,
): CountersignError {
  const detail = `${operation} at "${issuer}" ${describe(failure)}`;
  const { status, oauthError, retryAfterSeconds } = failure;
  const options = {
    cause: failureCause(failure),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
  if (isThrottled(failure)) return new UnavailableError("provider.unavailable", detail, options);
  if (mayHaveHappened(failure)) {
    return operation === "exchange"
      ? new OutcomeUnknownError("provider.unavailable", detail, options)
      : new UnavailableError("provider.unavailable", detail, options);
  }
  if (operation === "discover") return new UnavailableError("provider.unavailable", detail, options);
  if (isClientRefused(failure)) {
    return new OAuthResponseError("provider.client_refused", oauthError ?? "invalid_client", detail, options);
  }
  if (oauthError === undefined || status === undefined) {
    return new UnavailableError("provider.unavailable", detail, options);
  }
  const code = operation === "exchange" ? "provider.exchange_refused" : "provider.client_refused";
  return new OAuthResponseError(code, oauthError, detail, options);
}

function isThrottled({ status, oauthError }: ProviderFailure): boolean {
  return status === 429 || (oauthError !== undefined && laterErrors.has(oauthError));
}

/** No answer to a request that was sent, an answer that can't be read, or one that tells of a fault halfway. */
function mayHaveHappened({ sent, status, oauthError }: ProviderFailure): boolean {
  if (status === undefined) return sent;
  return status >= 500 || status < 300 || oauthError === "server_error";
}

function describe({ status, oauthError, code, sent }: ProviderFailure): string {
  if (oauthError !== undefined) return `was answered ${status} ${oauthError}`;
  if (status !== undefined && status !== 200) return `was answered ${status} without an OAuth error`;
  if (code === "OAUTH_TIMEOUT") return "was not answered in time";
  const reason = code === undefined ? "" : ` (${code})`;
  if (!sent) return `could not be sent${reason}`;
  return code?.startsWith("OAUTH_") || code?.startsWith("HTTP_")
    ? `was answered with something else than expected${reason}`
    : `lost its connection${reason}`;
}
