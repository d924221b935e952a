import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Passes requests on to an endpoint, and breaks the connection instead of bringing back some answers. */
export interface LosingProxy extends AsyncDisposable {
  readonly url: string;
  /** How many of the next answers are lost, after the endpoint has carried out what was asked. */
  lose: number;
}

export async function startLosingProxy(target: string): Promise<LosingProxy> {
  const left = { answers: 0 };
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const headers = new Headers(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      for (const name of ["host", "connection", "content-length"]) headers.delete(name);
      const answer = await fetch(target, { method: "POST", headers, body: Buffer.concat(chunks) });
      const body = Buffer.from(await answer.arrayBuffer());
      if (left.answers > 0) {
        left.answers -= 1;
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
      response.end(body);
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get lose() {
      return left.answers;
    },
    set lose(answers) {
      left.answers = answers;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
