import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** A refusal that the SDK turns into an exception of this name. */
export class Refusal extends Error {
  readonly type: string;
  readonly status: number;

  constructor(type: string, status = 400) {
    super(type);
    this.type = type;
    this.status = status;
  }
}

/** Thrown by an operation to break the connection instead of answering. */
export class Hangup extends Error {}

export type Operations = Record<string, (input: Record<string, unknown>) => unknown>;

/** One AWS JSON service on loopback. */
export interface JsonEndpoint extends AsyncDisposable {
  readonly url: string;
  /** Every request's operation and body, as received. */
  readonly requests: { operation: string; input: Record<string, unknown> }[];
}

export async function startJsonEndpoint(operations: Operations): Promise<JsonEndpoint> {
  const requests: JsonEndpoint["requests"] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const operation = String(request.headers["x-amz-target"]).split(".").at(-1) ?? "";
      const input = JSON.parse(await read(request)) as Record<string, unknown>;
      requests.push({ operation, input });
      await delay(0);
      const answer = await run(operations, operation, input);
      if (answer === undefined) {
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status, { "content-type": "application/x-amz-json-1.1" });
      response.end(JSON.stringify(answer.body));
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function run(operations: Operations, operation: string, input: Record<string, unknown>) {
  try {
    const handle = operations[operation];
    if (!handle) throw new Refusal("UnknownOperationException");
    return { status: 200, body: (await handle(input)) ?? {} };
  } catch (error) {
    if (error instanceof Hangup) return undefined;
    if (!(error instanceof Refusal)) throw error;
    return { status: error.status, body: { __type: error.type, message: error.message } };
  }
}

async function read(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
}
