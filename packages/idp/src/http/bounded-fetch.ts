import type { CustomFetchOptions } from "openid-client";

/** A request that was stopped on this side; `code` says why. */
export class HttpGuardError extends Error {
  override readonly name = "HttpGuardError";
  readonly code: "HTTP_URL_FORBIDDEN" | "HTTP_RESPONSE_TOO_LARGE";

  constructor(code: HttpGuardError["code"], detail: string) {
    super(detail);
    this.code = code;
  }
}

export interface BoundedFetchOptions {
  /** Whether plain http to a loopback address is let through. */
  readonly allowLoopbackHttp: boolean;
  readonly maxResponseBytes?: number;
}

/** What openid-client and jose hand to their fetch. */
type FetchOptions = Pick<CustomFetchOptions, "method" | "signal"> & {
  readonly headers: Headers | Record<string, string>;
  readonly body?: CustomFetchOptions["body"];
};

const defaultMaxBytes = 262_144;
const loopbackHosts: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);
/** Statuses whose response the Fetch standard gives no body. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/** Whether a URL is plain http to this machine, the only place it is allowed. */
export function isLoopbackHttp(url: URL): boolean {
  return url.protocol === "http:" && loopbackHosts.has(url.hostname);
}

/**
 * `fetch` that follows no redirect, speaks https alone, and reads the whole body up to a limit, so that no
 * unread body holds a connection and no endpoint can fill the memory.
 *
 * Connections are kept alive between requests by Node's own agent.
 *
 * @throws {HttpGuardError} when the URL is not allowed or the response is too large; else as `fetch` does.
 */
export function createBoundedFetch({
  allowLoopbackHttp,
  maxResponseBytes = defaultMaxBytes,
}: BoundedFetchOptions): (url: string, options: FetchOptions) => Promise<Response> {
  return async (url, options) => {
    checkUrl(new URL(url), allowLoopbackHttp);
    const { method, headers: sent, body: payload = null, signal = null } = options;
    const response = await fetch(url, { method, headers: sent, body: payload, signal, redirect: "manual" });
    const body = await readBody(response, maxResponseBytes);
    const { status, statusText, headers } = response;
    return new Response(bodiless.has(status) ? null : body, { status, statusText, headers });
  };
}

function checkUrl(url: URL, allowLoopbackHttp: boolean): void {
  if (url.protocol === "https:" || (allowLoopbackHttp && isLoopbackHttp(url))) return;
  throw new HttpGuardError("HTTP_URL_FORBIDDEN", `"${url.origin}" is not https`);
}

async function readBody(response: Response, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the rest of the body.
    if (size > limit) {
      throw new HttpGuardError("HTTP_RESPONSE_TOO_LARGE", `the response has more than ${limit} bytes`);
    }
    chunks.push(chunk);
  }
  return Uint8Array.from(Buffer.concat(chunks, size));
}
