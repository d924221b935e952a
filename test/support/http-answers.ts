import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";

/** An answer of one of this process' HTTP servers, as it went out. */
export interface HttpAnswer {
  readonly port: number;
  readonly path: string;
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

const channel = "http.server.request.start";

/** Keeps the answers of every HTTP server in this process, until it is stopped. */
export function recordHttpAnswers(): { readonly answers: readonly HttpAnswer[]; stop(): void } {
  const answers: HttpAnswer[] = [];
  const listener = (message: unknown) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    recordOne(request, response, answers);
  };
  subscribe(channel, listener);
  return { answers, stop: () => void unsubscribe(channel, listener) };
}

function recordOne(request: IncomingMessage, response: ServerResponse, answers: HttpAnswer[]): void {
  const chunks: Buffer[] = [];
  const port = request.socket.localPort ?? 0;
  const keep = (chunk: unknown) => {
    if (typeof chunk === "string" || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk as string));
  };
  const { write, end } = response;
  response.write = function (this: ServerResponse, ...args: unknown[]) {
    keep(args[0]);
    return Reflect.apply(write, this, args);
  } as ServerResponse["write"];
  response.end = function (this: ServerResponse, ...args: unknown[]) {
    keep(args[0]);
    return Reflect.apply(end, this, args);
  } as ServerResponse["end"];
  response.once("close", () => {
    const body = Buffer.concat(chunks).toString("latin1");
    const headers = JSON.stringify(response.getHeaders());
    answers.push({ port, path: request.url ?? "", status: response.statusCode, headers, body });
  });
}
