import type { IncomingMessage, ServerResponse } from "node:http";
import { type HttpListener, listen } from "./http-listener.ts";

export interface CannedResponse {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
}

/**
 * How an endpoint behaves once it has read the request: it answers, resets the connection, stays silent, or
 * does what a function says.
 */
export type Answer = CannedResponse | "reset" | "hang" | ((response: ServerResponse) => void);

export interface ReceivedRequest {
  readonly path: string;
  readonly parameters: URLSearchParams;
  readonly authorization: string | undefined;
}

export interface ScriptedProvider {
  readonly issuer: string;
  /** What each path answers; a list is used up from the front, its last answer stays. */
  readonly answers: Map<string, Answer | readonly Answer[]>;
  readonly requests: ReceivedRequest[];
  /** Requests that a path has had. */
  count(path: string): number;
  close(): Promise<void>;
}

export const discoveryPath = "/.well-known/openid-configuration";

/** A provider that says what a test tells it to; it starts with sound metadata and nothing else. */
export async function startScriptedProvider(): Promise<ScriptedProvider> {
  const answers: ScriptedProvider["answers"] = new Map();
  const requests: ReceivedRequest[] = [];
  const listener: HttpListener = await listen((issuer) => {
    answers.set(discoveryPath, { json: metadataOf(issuer) });
    return async (request, response) => {
      const received = await readRequest(request);
      requests.push(received);
      reply(response, nextAnswer(answers, received.path));
    };
  });
  return {
    issuer: listener.url,
    answers,
    requests,
    count: (path) => requests.filter((request) => request.path === path).length,
    close: listener.close,
  };
}

/** Metadata with every endpoint this side uses. */
export function metadataOf(issuer: string) {
  return {
    issuer,
    token_endpoint: `${issuer}/token`,
    introspection_endpoint: `${issuer}/introspect`,
    revocation_endpoint: `${issuer}/revoke`,
    jwks_uri: `${issuer}/jwks`,
  };
}

async function readRequest(request: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return {
    path: request.url ?? "",
    parameters: new URLSearchParams(Buffer.concat(chunks).toString()),
    authorization: request.headers.authorization,
  };
}

function nextAnswer(answers: ScriptedProvider["answers"], path: string): Answer {
  const answer = answers.get(path) ?? { status: 404 };
  if (!isList(answer)) return answer;
  const [first = { status: 404 }, ...rest] = answer;
  if (rest.length > 0) answers.set(path, rest);
  return first;
}

function isList(answer: Answer | readonly Answer[]): answer is readonly Answer[] {
  return Array.isArray(answer);
}

function reply(response: ServerResponse, answer: Answer): void {
  if (answer === "hang") return;
  if (answer === "reset") {
    response.socket?.resetAndDestroy();
    return;
  }
  if (typeof answer === "function") {
    answer(response);
    return;
  }
  const { status = 200, headers = {}, json, text } = answer;
  const type: Record<string, string> = json === undefined ? {} : { "content-type": "application/json" };
  response.writeHead(status, { ...type, ...headers });
  response.end(json === undefined ? text : JSON.stringify(json));
}
