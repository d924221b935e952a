import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Paths of the embedded authorization server that can be troubled. */
export const endpoints = {
  metadata: "/.well-known/openid-configuration",
  token: "/token",
  introspection: "/token/introspection",
  revocation: "/token/revocation",
} as const;
export type Endpoint = keyof typeof endpoints;

export interface ProviderAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/**
 * What becomes of one request: `act` brings it to the authorization server, which acts on it. Without an
 * answer the connection stays silent.
 */
export type Trouble = (act: () => Promise<ProviderAnswer>) => Promise<ProviderAnswer | undefined>;

/** The request never reaches the authorization server, and nobody says so. */
export const silence: Trouble = async () => undefined;

/** The authorization server acts, and its answer is lost. */
export const lostAnswer: Trouble = async (act) => {
  await act();
  return undefined;
};

/** Something else answers in the authorization server's place, which does not act. */
export function instead(status: number, headers: Record<string, string> = {}, body = ""): Trouble {
  return async () => ({ status, headers, body });
}

/** The metadata of an authorization server that has no revocation endpoint. */
export const withoutRevocation: Trouble = async (act) => {
  const answer = await act();
  const { revocation_endpoint: _none, ...metadata } = JSON.parse(answer.body);
  const { "content-length": _length, ...headers } = answer.headers;
  return { ...answer, headers, body: JSON.stringify(metadata) };
};

/** A reverse proxy at an issuer's port, which can be told to be a provider in trouble. */
export class ProviderProxy {
  readonly #target: number;
  readonly #server: Server;
  readonly #next = new Map<string, Trouble[]>();
  readonly #standing = new Map<string, Trouble>();
  readonly #answers: { readonly path: string; readonly answer: ProviderAnswer | undefined }[] = [];

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((incoming, outgoing) => {
      this.#handle(incoming, outgoing).catch(() => outgoing.destroy());
    });
  }

  /** Listens on `port` for what listens on `target`. */
  static async start(port: number, target: number): Promise<ProviderProxy> {
    const proxy = new ProviderProxy(target);
    proxy.#server.listen(port, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** Troubles the endpoint's next requests, one each. */
  next(endpoint: Endpoint, ...troubles: Trouble[]): void {
    const waiting = this.#next.get(endpoints[endpoint]) ?? [];
    this.#next.set(endpoints[endpoint], [...waiting, ...troubles]);
  }

  /** Troubles every request of the endpoint until it is healed. */
  always(endpoint: Endpoint, trouble: Trouble): void {
    this.#standing.set(endpoints[endpoint], trouble);
  }

  heal(endpoint: Endpoint): void {
    this.#standing.delete(endpoints[endpoint]);
  }

  /** How many troubles no request has met yet. */
  waiting(endpoint: Endpoint): number {
    return this.#next.get(endpoints[endpoint])?.length ?? 0;
  }

  /** The statuses that the endpoint's requests were answered with so far; 0 where there was no answer. */
  statuses(endpoint: Endpoint): number[] {
    const mine = this.#answers.filter(({ path }) => path === endpoints[endpoint]);
    return mine.map(({ answer }) => answer?.status ?? 0);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const path = incoming.url?.split("?")[0] ?? "";
    const trouble = this.#next.get(path)?.shift() ?? this.#standing.get(path) ?? ((act) => act());
    const answer = await trouble(() => this.#forward(incoming, Buffer.concat(chunks)));
    this.#answers.push({ path, answer });
    if (answer) outgoing.writeHead(answer.status, answer.headers).end(answer.body);
  }

  /** With its `Host` as it came: from it the authorization server knows its own URLs. */
  async #forward({ method, url, headers }: IncomingMessage, body: Buffer): Promise<ProviderAnswer> {
    const forwarded = request({ host: "127.0.0.1", port: this.#target, method, path: url, headers });
    forwarded.end(body);
    const [response] = (await once(forwarded, "response")) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const {
      "transfer-encoding": _chunked,
      connection: _connection,
      "keep-alive": _keepAlive,
      ...kept
    } = response.headers;
    return { status: response.statusCode ?? 502, headers: kept, body: Buffer.concat(chunks).toString() };
  }
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const closed = once(server, "close");
  server.close();
  await closed;
  return port;
}
