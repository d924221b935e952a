import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A request as a test server sees it. */
export interface Received {
  readonly method: string;
  readonly url: URL;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

export interface TestAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

export interface TestServer {
  readonly url: string;
  readonly received: Received[];
  close(): void;
}

/** A JSON server on a free port of the loopback interface. */
export async function serve(answer: (request: Received, url: string) => TestAnswer): Promise<TestServer> {
  const received: Received[] = [];
  let url = "";
  const server = createServer(async (request, response) => {
    const { method = "", headers } = request;
    const one = { method, headers, url: new URL(request.url ?? "", url), body: await text(request) };
    received.push(one);
    const { status = 200, headers: more, body = {} } = answer(one, url);
    response.writeHead(status, { "content-type": "application/json", ...more }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, received, close: () => void server.close().closeAllConnections() };
}
