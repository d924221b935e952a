import * as oauth from "openid-client";
import { callback } from "./test-server.ts";

/** A person at a browser: keeps cookies, follows redirects until one leaves the server, fills in forms. */
export class Person {
  readonly #cookies = new Map<string, string>();
  readonly #origin: string;
  /** Every page seen, newest last. */
  readonly pages: { url: string; status: number; html: string; headers: Headers }[] = [];

  constructor(issuer: string) {
    this.#origin = new URL(issuer).origin;
  }

  get cookies(): string[] {
    return [...this.#cookies.values()];
  }

  get page() {
    const page = this.pages.at(-1);
    if (!page) throw new Error("no page was opened yet");
    return page;
  }

  open(url: string | URL): Promise<URL | undefined> {
    return this.#request(new URL(url), { method: "GET" });
  }

  /** Submits the form of the page that is open, to where the page itself is. */
  submit(fields: Record<string, string>): Promise<URL | undefined> {
    return this.#request(new URL(this.page.url), { method: "POST", body: new URLSearchParams(fields) });
  }

  async #request(url: URL, init: RequestInit): Promise<URL | undefined> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { cookie, accept: "text/html" };
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    this.#keepCookies(response);
    const location = response.headers.get("location");
    if (location === null) {
      const html = await response.text();
      this.pages.push({ url: url.href, status: response.status, html, headers: response.headers });
      return undefined;
    }
    await response.body?.cancel();
    const next = new URL(location, url);
    return next.origin === this.#origin ? this.#request(next, { method: "GET" }) : next;
  }

  #keepCookies(response: Response): void {
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === "") this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}

export interface CodeRequest {
  scope: string;
  resource?: string;
  prompt?: string;
}

/** Begins an authorization request with PKCE; `finish` redeems the code that comes to the callback. */
export async function beginCodeFlow(config: oauth.Configuration, request: CodeRequest) {
  const verifier = oauth.randomPKCECodeVerifier();
  const state = oauth.randomState();
  const parameters = {
    redirect_uri: callback,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    ...request,
  };
  return {
    verifier,
    parameters,
    url: oauth.buildAuthorizationUrl(config, parameters),
    finish: (redirect: URL, options?: oauth.AuthorizationCodeGrantOptions) =>
      oauth.authorizationCodeGrant(
        config,
        redirect,
        { pkceCodeVerifier: verifier, expectedState: state },
        undefined,
        options,
      ),
  };
}

/** The whole flow as Alice, allowing all that is asked. */
export async function signInAsAlice(config: oauth.Configuration, request: CodeRequest, person?: Person) {
  const alice = person ?? new Person(config.serverMetadata().issuer);
  const flow = await beginCodeFlow(config, request);
  await alice.open(flow.url);
  await alice.submit({ login: "alice", password: "wonder", decision: "allow" });
  const redirect = await alice.submit({ decision: "allow" });
  if (!redirect) throw new Error(`expected a redirect to the client, got page ${alice.page.status}`);
  return { redirect, tokens: await flow.finish(redirect) };
}
