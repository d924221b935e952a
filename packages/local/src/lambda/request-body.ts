import type { IncomingMessage } from "node:http";

/**
 * Reads a whole request body, or gives nothing when it is over `maxBytes`.
 *
 * What is over the limit is read and dropped, so that the caller can still answer the client.
 */
export async function readBodyUpTo(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size <= maxBytes ? Buffer.concat(chunks) : undefined;
}
