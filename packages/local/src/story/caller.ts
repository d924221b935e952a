import { readFileSync } from "node:fs";
import { clientSecretFile } from "../runtime/issuer-options.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** An answer of the HTTP API. */
export interface Answer {
  readonly status: number;
  // The story reads a handful of fields of documents it knows.
  readonly body: Readonly<Record<string, unknown>>;
}

/** One of the embedded provider's clients, calling the gate as anybody's program would. */
export class Caller {
  readonly #runtime: Runtime;
  readonly #audience: string;

  constructor(runtime: Runtime, audience: string) {
    this.#runtime = runtime;
    this.#audience = audience;
  }

  /** An access token by the client credentials grant (RFC 6749 §4.4) for the gate (RFC 8707). */
  async token(clientId: string, scope: string): Promise<string> {
    const secret = readFileSync(this.#runtime.state.file(clientSecretFile(clientId)), "utf8");
    const response = await fetch(`${this.#runtime.urls.issuer}/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "client_credentials", scope, resource: this.#audience }),
    });
    const { access_token: token } = (await response.json()) as { access_token?: string };
    if (!token) throw new Error(`the embedded provider gave ${clientId} no token: status ${response.status}`);
    return token;
  }

  start(token: string, workflow: string, input: object): Promise<Answer> {
    return this.#call("POST", `/workflows/${workflow}/executions`, token, { input });
  }

  describe(token: string, executionArn: string): Promise<Answer> {
    return this.#call("GET", `/executions/${encodeURIComponent(executionArn)}`, token);
  }

  /** Entries of one execution, newest first. */
  async entries(token: string, executionArn: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const query = new URLSearchParams({ executionArn });
    const { body } = await this.#call("GET", `/audit/entries?${query}`, token);
    return (body["entries"] ?? []) as Record<string, unknown>[];
  }

  async #call(method: string, path: string, token: string, body?: object): Promise<Answer> {
    const response = await fetch(`${this.#runtime.urls.api}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }
}
