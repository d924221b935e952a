import type { IncomingMessage } from "node:http";

const longestBody = 56 * 1024;

/** Reads a whole request body, refusing one longer than the provider itself accepts. */
export async function readRequestBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestBody) throw new Error(`request body is over ${longestBody} bytes, the most accepted`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
