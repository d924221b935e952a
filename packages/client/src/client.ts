import createFetchClient from "openapi-fetch";
import type { components, operations, paths } from "./api.ts";
import { ConnectionError } from "./errors.ts";
import { isObject, readProblem, unexpectedBody } from "./read-problem.ts";
import { checkBaseUrl, describeFailure } from "./transport.ts";

type Schemas = components["schemas"];
export type Entry = Schemas["Entry"];
export type EntryPage = Schemas["EntryPage"];
export type Execution = Schemas["Execution"];
export type Grant = Schemas["Grant"];
export type DeadLetter = Schemas["DeadLetter"];
export type Redriven = Schemas["Redriven"];
export type Erased = Schemas["Erased"];
export type StopRequested = Schemas["StopRequested"];
export type Problem = Schemas["Problem"];
export type EntryQuery = NonNullable<operations["queryEntries"]["parameters"]["query"]>;

/** `created` is false when an earlier request with the same key had started it. */
export type StartedExecution = Schemas["StartedExecution"] & { readonly created: boolean };

export interface ClientOptions {
  /** `https:`, or `http:` on the loopback interface. */
  readonly baseUrl: string;
  /** Asked before each request, so that it can renew. */
  readonly token: () => Promise<string> | string;
  readonly fetch?: (request: Request) => Promise<Response>;
  /** How long a request may take; 30 seconds unless given. */
  readonly timeoutMs?: number;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
}

export interface StartOptions extends RequestOptions {
  readonly input?: Readonly<Record<string, unknown>>;
  /** The same key and input give the same execution. */
  readonly idempotencyKey?: string;
}

/**
 * The HTTP API.
 *
 * Every method rejects with {@link ApiError} when the API refuses, with {@link ConnectionError} when nothing
 * answers in time, and with the signal's reason when it is aborted. Nothing is tried twice.
 */
export interface Client {
  startExecution(workflow: string, options?: StartOptions): Promise<StartedExecution>;
  describeExecution(executionArn: string, options?: RequestOptions): Promise<Execution>;
  stopExecution(
    executionArn: string,
    options?: RequestOptions & { readonly reason?: string },
  ): Promise<StopRequested>;
  /** One page, newest first. */
  queryEntries(query?: EntryQuery, options?: RequestOptions): Promise<EntryPage>;
  /** All pages, newest first; the window is the first page's, so that later entries shift nothing. */
  entryPages(query?: EntryQuery, options?: RequestOptions): AsyncGenerator<EntryPage, void, undefined>;
  /** All entries of {@link entryPages}. */
  entries(query?: EntryQuery, options?: RequestOptions): AsyncGenerator<Entry, void, undefined>;
  listDeadLetters(options?: RequestOptions & { readonly limit?: number }): Promise<readonly DeadLetter[]>;
  /** All letters, or only those of `ids`. */
  redriveDeadLetters(ids?: readonly string[], options?: RequestOptions): Promise<Redriven>;
  /** Destroys the key and the reference of a subject, which is named as its issuer names it. Safe to repeat. */
  eraseSubject(
    subject: { readonly iss: string; readonly sub: string },
    options?: RequestOptions,
  ): Promise<Erased>;
}

const defaultTimeoutMs = 30_000;

/**
 * Makes a client of the API at `baseUrl`.
 *
 * @throws {TypeError} when `baseUrl` is not a URL that a bearer token may be sent to (RFC 6750 §5.3).
 */
export function createClient(options: ClientOptions): Client {
  const api = createFetchClient<paths>({
    baseUrl: checkBaseUrl(options.baseUrl),
    // a redirect would carry the token to wherever it points
    redirect: "manual",
    ...(options.fetch && { fetch: options.fetch }),
  });
  const call = caller(options);

  const queryEntries: Client["queryEntries"] = (query = {}, request = {}) =>
    call(["entries", "from", "to"], request, (init) =>
      api.GET("/audit/entries", { ...init, params: { query } }),
    ).then(({ data }) => data);

  async function* entryPages(query: EntryQuery = {}, request: RequestOptions = {}) {
    let page = await queryEntries(query, request);
    const window = { from: String(page.from), to: String(page.to) };
    for (;;) {
      yield page;
      if (page.cursor === undefined) return;
      page = await queryEntries({ ...query, ...window, cursor: page.cursor }, request);
    }
  }

  return {
    async startExecution(workflow, { input, idempotencyKey, ...request } = {}) {
      const header = idempotencyKey === undefined ? {} : { "Idempotency-Key": idempotencyKey };
      const { data, status } = await call(["executionArn", "grant"], request, (init) =>
        api.POST("/workflows/{workflow}/executions", {
          ...init,
          params: { path: { workflow }, header },
          body: input === undefined ? {} : { input },
        }),
      );
      return { ...data, created: status === 201 };
    },

    async describeExecution(executionArn, request = {}) {
      const { data } = await call(["executionArn", "status"], request, (init) =>
        api.GET("/executions/{executionArn}", { ...init, params: { path: { executionArn } } }),
      );
      return data;
    },

    async stopExecution(executionArn, { reason, ...request } = {}) {
      const { data } = await call(["executionArn", "requestId"], request, (init) =>
        api.POST("/executions/{executionArn}/stop", {
          ...init,
          params: { path: { executionArn } },
          body: reason === undefined ? {} : { reason },
        }),
      );
      return data;
    },

    queryEntries,
    entryPages,

    async *entries(query, request) {
      for await (const page of entryPages(query, request)) yield* page.entries;
    },

    async listDeadLetters({ limit, ...request } = {}) {
      const query = limit === undefined ? {} : { limit };
      const { data } = await call(["deadLetters"], request, (init) =>
        api.GET("/operations/dead-letters", { ...init, params: { query } }),
      );
      return data.deadLetters;
    },

    async redriveDeadLetters(ids, request = {}) {
      const { data } = await call(["redriven", "kept"], request, (init) =>
        api.POST("/operations/dead-letters/redrive", {
          ...init,
          body: ids === undefined ? {} : { ids: [...ids] },
        }),
      );
      return data;
    },

    async eraseSubject({ iss, sub }, request = {}) {
      const { data } = await call(["entryId", "found"], request, (init) =>
        api.POST("/operations/subjects/erase", { ...init, body: { iss, sub } }),
      );
      return data;
    },
  };
}

interface RequestInitOfCall {
  readonly headers: { readonly authorization: string };
  readonly signal: AbortSignal;
}

type Answer<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

/** Sends one request with token and time limit, and turns all that is not its answer into an error. */
function caller({ token, timeoutMs = defaultTimeoutMs, baseUrl }: ClientOptions) {
  return async <T>(
    members: readonly string[],
    { signal }: RequestOptions,
    send: (init: RequestInitOfCall) => Answer<T>,
  ): Promise<{ data: T; status: number }> => {
    const headers = { authorization: `Bearer ${checkToken(await token())}` };
    const timeout = AbortSignal.timeout(timeoutMs);
    const init = { headers, signal: signal ? AbortSignal.any([signal, timeout]) : timeout };
    const { data, error, response } = await send(init).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw failureOf(cause, baseUrl, timeoutMs);
    });
    if (!response.ok) throw readProblem(response, error);
    if (!isObject(data) || members.some((name) => !(name in data))) {
      throw unexpectedBody(response, `an object with ${members.join(", ")}`);
    }
    return { data: data as T, status: response.status };
  };
}

function failureOf(cause: unknown, baseUrl: string, timeoutMs: number): Error {
  // a body that is not JSON is answered by something that is not the API
  if (cause instanceof SyntaxError) return unexpectedBody(new Response(null, { status: 200 }), "JSON");
  const { message, fix } = describeFailure(cause, baseUrl, timeoutMs);
  return new ConnectionError(message, fix, cause);
}

/** A bad header value would be quoted in the platform's own error, so the token is checked before. */
function checkToken(token: string): string {
  if (/^[A-Za-z0-9._~+/-]+=*$/.test(token)) return token;
  throw new TypeError("the access token is not a bearer token (RFC 6750 §2.1), check where it is read from");
}
