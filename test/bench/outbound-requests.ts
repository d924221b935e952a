import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ClientRequest } from "node:http";
import { operationOf, requestName } from "./request-name.ts";
import type { Span } from "./rounds.ts";

/** Each request that this process makes while `work` runs, by Node's own diagnostics of http and fetch. */
export async function outboundRequests(work: () => Promise<unknown>): Promise<Span[]> {
  const recording = new Recording();
  recording.start();
  try {
    await work();
  } finally {
    recording.stop();
  }
  return recording.spans;
}

interface FetchRequest {
  readonly path: string;
}

/** The AWS SDK sends by node:http, the OAuth client by fetch. */
class Recording {
  readonly spans: Span[] = [];
  readonly #fetches = new Map<unknown, { readonly name: string; readonly from: number }>();
  readonly #channels: [string, (message: unknown) => void][] = [
    ["http.client.request.created", (message) => this.#http((message as { request: ClientRequest }).request)],
    ["undici:request:create", (message) => this.#fetch((message as { request: FetchRequest }).request)],
    ["undici:request:trailers", (message) => this.#fetched((message as { request: unknown }).request)],
    ["undici:request:error", (message) => this.#fetched((message as { request: unknown }).request)],
  ];

  start(): void {
    for (const [name, listener] of this.#channels) subscribe(name, listener);
  }

  stop(): void {
    for (const [name, listener] of this.#channels) unsubscribe(name, listener);
  }

  #http(request: ClientRequest): void {
    const from = performance.now();
    const body = sentBody(request);
    request.once("response", (response) => {
      response.once("end", () => {
        const operation = operationOf(String(request.getHeader("x-amz-target") ?? request.path));
        const parameters = JSON.parse(body() || "{}") as Record<string, unknown>;
        this.spans.push({ name: requestName({ operation, parameters }), from, to: performance.now() });
      });
    });
  }

  #fetch(request: FetchRequest): void {
    const name = { "/token": "token exchange", "/token/introspection": "introspection" }[request.path];
    this.#fetches.set(request, { name: name ?? request.path, from: performance.now() });
  }

  #fetched(request: unknown): void {
    const begun = this.#fetches.get(request);
    if (begun) this.spans.push({ ...begun, to: performance.now() });
  }
}

/** Keeps what is written to a request, to be read once it has been answered. */
function sentBody(request: ClientRequest): () => string {
  const chunks: Buffer[] = [];
  const { write, end } = request;
  const keep = (chunk: unknown): void => {
    if (typeof chunk === "string" || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  };
  request.write = ((...args: Parameters<typeof write>) => {
    keep(args[0]);
    return write.apply(request, args);
  }) as typeof write;
  request.end = ((...args: Parameters<typeof end>) => {
    keep(args[0]);
    return end.apply(request, args);
  }) as typeof end;
  return () => Buffer.concat(chunks).toString("utf8");
}
