import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An HTTP server on a free loopback port. */
export interface HttpListener {
  readonly url: string;
  /** Ends at once, whatever is still open. */
  close(): Promise<void>;
}

export type Responder = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** Starts listening, then makes the responder with the server's own URL. */
export async function listen(createResponder: (url: string) => Responder): Promise<HttpListener> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const respond = createResponder(url);
  server.on("request", (request, response) => {
    // A caller that goes away in the middle of its request is no concern of the server.
    Promise.resolve(respond(request, response)).catch(() => response.destroy());
  });
  return {
    url,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A loopback URL on which nothing listens. */
export async function unusedUrl(): Promise<string> {
  const listener = await listen(() => () => {});
  await listener.close();
  return listener.url;
}
