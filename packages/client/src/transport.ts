const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|.+\.localhost)$/;

/**
 * The base URL without a trailing slash.
 *
 * @throws {TypeError} when it is not a URL that a bearer token may be sent to (RFC 6750 §5.3).
 */
export function checkBaseUrl(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new TypeError(`the API address is "${withoutCredentials(baseUrl)}", expected an https URL`);
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new TypeError("the API address holds credentials, a query or a fragment, expected none");
  }
  if (url.protocol === "http:" && !isLoopback(url)) {
    throw new TypeError(
      `the API address is "${url.origin}", expected https: a token would cross the network in the clear`,
    );
  }
  return baseUrl.replace(/\/+$/, "");
}

/** Says why nothing answered, and what to start or check. */
export function describeFailure(
  cause: unknown,
  baseUrl: string,
  timeoutMs: number,
): { readonly message: string; readonly fix: string } {
  const { origin } = new URL(baseUrl);
  return {
    message: `no answer from ${origin}: ${reasonOf(cause, timeoutMs)}`,
    fix: isLoopback(new URL(baseUrl))
      ? 'start the embedded runtime with "countersign up", or give the address of a running API'
      : "check the address, the network and that the API is deployed",
  };
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  ENOTFOUND: "the host name is not known",
  EAI_AGAIN: "the host name could not be looked up",
  UND_ERR_SOCKET: "the connection was closed",
  UND_ERR_CONNECT_TIMEOUT: "no connection in time",
  EHOSTUNREACH: "the host is not reachable",
  ENETUNREACH: "the network is not reachable",
};

function reasonOf(cause: unknown, timeoutMs: number): string {
  if (cause instanceof Error && cause.name === "TimeoutError") return `nothing within ${timeoutMs / 1000} s`;
  const code = codeOf(cause);
  return code === undefined ? "the request failed" : (reasons[code] ?? code);
}

/** `fetch` hides the system's error as a cause, for several addresses in an aggregate. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === "string") return code;
  return codeOf(error instanceof AggregateError ? error.errors[0] : error.cause);
}

function isLoopback(url: URL): boolean {
  return loopback.test(url.hostname);
}

function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/@]*@/, "//");
}
