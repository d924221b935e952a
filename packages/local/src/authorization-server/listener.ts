import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type Provider from "oidc-provider";
import type { ClientSecrets } from "./client-secrets.ts";
import type { createInteractionHandler } from "./interaction/handler.ts";
import { isRegistrationUpdate, withComparableSecret } from "./registration.ts";

export interface ListenerParts {
  provider: Provider;
  secrets: ClientSecrets;
  secretPlaceholder: string;
  interact: ReturnType<typeof createInteractionHandler>;
  reportFault: (error: unknown) => void;
}

const interactionPath = /^\/interaction\/([\w-]+)$/;
const metadataPath = "/.well-known/oauth-authorization-server";

/** The path an issuer adds before every endpoint; empty for an issuer that is an origin. */
export function issuerPath(issuer: string): string {
  return new URL(issuer).pathname.replace(/\/$/, "");
}

/** Answers the requests to the issuer's paths, and 404 to all others. */
export function createListener(parts: ListenerParts): RequestListener {
  const { provider, reportFault } = parts;
  const prefix = issuerPath(provider.issuer);
  const { host } = new URL(provider.issuer);
  const serve = provider.callback();

  return (request, response) => {
    const path = pathBelowIssuer(request.url ?? "/", prefix);
    if (path === undefined) return sendNotFound(response);
    request.url = path;
    // The provider builds addresses from these; they are the issuer's, whatever name the caller used.
    request.headers.host = host;
    Object.assign(request, { baseUrl: prefix });
    route(request, response, parts, serve).catch((error: unknown) => {
      reportFault(error);
      if (response.headersSent) response.destroy();
      else send(response, 500, { error: "server_error" });
    });
  };
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  { interact, secrets, secretPlaceholder }: ListenerParts,
  serve: RequestListener,
): Promise<void> {
  const uid = interactionPath.exec(request.url?.split("?")[0] ?? "")?.[1];
  if (uid !== undefined) return interact(uid, request, response);
  if (!isRegistrationUpdate(request)) return serveNow(serve, request, response);
  const update = await withComparableSecret(request, secrets, secretPlaceholder);
  Object.assign(update, { baseUrl: (request as { baseUrl?: string }).baseUrl });
  return serveNow(serve, update, response);
}

// The provider answers its own errors; what it returns is not waited for.
function serveNow(serve: RequestListener, request: IncomingMessage, response: ServerResponse): void {
  serve(request, response as ServerResponse & { req: IncomingMessage });
}

/** @see https://www.rfc-editor.org/rfc/rfc8414#section-3.1 for where metadata of an issuer with a path stands */
function pathBelowIssuer(url: string, prefix: string): string | undefined {
  if (prefix === "") return url;
  const [path = ""] = url.split("?");
  if (path === `${metadataPath}${prefix}`) return metadataPath;
  return path.startsWith(`${prefix}/`) ? url.slice(prefix.length) : undefined;
}

function sendNotFound(response: ServerResponse): void {
  send(response, 404, { error: "not_found" });
}

function send(response: ServerResponse, status: number, body: Record<string, string>): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}
