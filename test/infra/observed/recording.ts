import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";

/** A call of an AWS API, by the function whose access key signed it. */
export interface Call {
  readonly functionName: string;
  /** As in `DynamoDB_20120810.GetItem`. */
  readonly target: string;
  readonly body: string;
}

/** Passes requests on to an endpoint, and keeps what was called by whom. */
export async function recordCalls(endpoint: string, calls: Call[]) {
  const server = createServer((incoming, response) => {
    passOn(endpoint, incoming, response, calls).catch((error: Error) => response.destroy(error));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function passOn(endpoint: string, incoming: IncomingMessage, response: ServerResponse, calls: Call[]) {
  const body = await readAll(incoming);
  const { method, headers, url = "/" } = incoming;
  const functionName = /Credential=([^/]+)\//.exec(headers.authorization ?? "")?.[1] ?? "";
  calls.push({ functionName, target: String(headers["x-amz-target"]), body: body.toString("utf8") });
  const outgoing = request(new URL(url, endpoint), { method, headers });
  outgoing.end(body);
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  const answered = await readAll(answer);
  response.writeHead(answer.statusCode ?? 500, answer.headers);
  response.end(answered);
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
