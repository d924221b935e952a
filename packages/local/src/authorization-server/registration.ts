import { IncomingMessage } from "node:http";
import type Provider from "oidc-provider";
import type { KoaContextWithOIDC } from "oidc-provider";
import type { ClientSecrets } from "./client-secrets.ts";
import { readRequestBody } from "./request-body.ts";

const updatePath = /^\/reg\/([^/?]+)$/;

/**
 * Keeps the placeholder out of registration responses: a client that asks for its metadata (RFC 7592)
 * gets it without `client_secret`, which is readable once, when it is issued.
 */
export function hideSecretPlaceholder(provider: Provider, placeholder: string): void {
  provider.use(async (ctx, next) => {
    await next();
    const { oidc } = ctx as Partial<KoaContextWithOIDC>;
    if (!oidc || !["client", "client_update"].includes(oidc.route)) return;
    const body = ctx.body as Record<string, unknown> | undefined;
    if (body?.["client_secret"] !== placeholder) return;
    delete body["client_secret"];
    delete body["client_secret_expires_at"];
  });
}

/** Whether a request is a client's update of its registration (RFC 7592 §2.2). */
export function isRegistrationUpdate(request: IncomingMessage): boolean {
  return request.method === "PUT" && updatePath.test(request.url ?? "");
}

/**
 * The same update with the client's current secret, which it may send along, exchanged for the placeholder
 * that the provider compares it with. A wrong secret stays and is refused.
 */
export async function withComparableSecret(
  request: IncomingMessage,
  secrets: ClientSecrets,
  placeholder: string,
): Promise<IncomingMessage> {
  const clientId = decodeURIComponent(updatePath.exec(request.url ?? "")?.[1] ?? "");
  const body = await readRequestBody(request);
  return replay(
    request,
    exchangeSecret(body, (secret) => secrets.matches(clientId, secret), placeholder),
  );
}

function exchangeSecret(body: Buffer, isRight: (secret: string) => boolean, placeholder: string): Buffer {
  try {
    const metadata = JSON.parse(body.toString("utf8")) as Record<string, unknown> | null;
    const secret = metadata?.["client_secret"];
    if (typeof secret !== "string" || !isRight(secret)) return body;
    return Buffer.from(JSON.stringify({ ...metadata, client_secret: placeholder }));
  } catch {
    return body;
  }
}

function replay(request: IncomingMessage, body: Buffer): IncomingMessage {
  const copy = new IncomingMessage(request.socket);
  const { method, url, httpVersion, httpVersionMajor, httpVersionMinor } = request;
  Object.assign(copy, { method, url, httpVersion, httpVersionMajor, httpVersionMinor });
  copy.headers = { ...request.headers, "content-length": String(body.length) };
  delete copy.headers["transfer-encoding"];
  // Or else the copy counts as cut off when it is read to its end, and takes the socket with it.
  copy.complete = true;
  copy.push(body);
  copy.push(null);
  return copy;
}
