import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type AwsRequest, operationOf } from "./request-name.ts";

/** A request of an AWS JSON protocol that was answered. */
export interface Exchange extends AwsRequest {
  readonly status: number;
}

export interface RecordingProxy {
  readonly url: string;
  close(): Promise<void>;
}

/** Passes every request on to `target`, and tells of it before its answer is passed back. */
export async function startRecordingProxy(
  target: string,
  onExchange: (exchange: Exchange) => Promise<void>,
): Promise<RecordingProxy> {
  const server = createServer((incoming, response) => {
    passOn(target, incoming, response, onExchange).catch((error: Error) => response.destroy(error));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function passOn(
  target: string,
  incoming: IncomingMessage,
  response: ServerResponse,
  onExchange: (exchange: Exchange) => Promise<void>,
): Promise<void> {
  const body = await readAll(incoming);
  const { method, headers, url = "/" } = incoming;
  const outgoing = request(new URL(url, target), { method, headers });
  outgoing.end(body);
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  const answerBody = await readAll(answer);
  const status = answer.statusCode ?? 500;
  const operation = operationOf(String(headers["x-amz-target"] ?? ""));
  if (operation !== "") {
    await onExchange({ operation, parameters: JSON.parse(body.toString("utf8") || "{}"), status });
  }
  response.writeHead(status, answer.headers);
  response.end(answerBody);
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
