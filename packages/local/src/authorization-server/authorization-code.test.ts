import * as oauth from "openid-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { beginCodeFlow, Person, signInAsAlice } from "./testing/person.ts";
import {
  callback,
  gateApi,
  paymentsApi,
  readClaims,
  refusalOf,
  secrets,
  startTestServer,
  type TestServer,
} from "./testing/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const asked = { scope: "openid profile email payout:start" };

describe("authorization code with PKCE", () => {
  test("a person who signs in and allows gives the client a token and an ID token", async () => {
    const config = await server.as("console", secrets.console);
    const { tokens } = await signInAsAlice(config, asked);
    const { iss, sub, client_id, aud, scope, groups, act } = readClaims(tokens.access_token);
    expect({ iss, sub, client_id, aud, scope, groups, act }).toEqual({
      iss: server.issuer,
      sub: "alice",
      client_id: "console",
      aud: gateApi,
      scope: "payout:start",
      groups: ["ops"],
      act: undefined,
    });
    expect(tokens.claims()).toMatchObject({ sub: "alice", name: "Alice", email: "alice@example.com" });
    expect(tokens.refresh_token).toBeUndefined();
  });

  test("a public client gets a token by PKCE alone, for the resource it names", async () => {
    const config = await server.as("browser");
    const { tokens } = await signInAsAlice(config, { scope: "payments:read", resource: paymentsApi });
    const state = await oauth.tokenIntrospection(await server.as("api", secrets.api), tokens.access_token);
    expect(state).toMatchObject({ active: true, sub: "alice", client_id: "browser", scope: "payments:read" });
  });

  test("the same request pushed first (PAR) works as well", async () => {
    const config = await server.as("console", secrets.console);
    const flow = await beginCodeFlow(config, asked);
    const person = new Person(server.issuer);
    await person.open(await oauth.buildAuthorizationUrlWithPAR(config, flow.parameters));
    await person.submit({ login: "alice", password: "wonder", decision: "allow" });
    const redirect = await person.submit({ decision: "allow" });
    expect(await flow.finish(redirect ?? new URL(callback))).toHaveProperty("access_token");
  });

  test("a request without PKCE is sent back with invalid_request", async () => {
    const config = await server.as("console", secrets.console);
    const url = oauth.buildAuthorizationUrl(config, { redirect_uri: callback, scope: "payout:start" });
    const redirect = await new Person(server.issuer).open(url);
    expect(redirect?.searchParams.get("error")).toBe("invalid_request");
  });

  test("a wrong code verifier is refused", async () => {
    const config = await server.as("console", secrets.console);
    const flow = await beginCodeFlow(config, asked);
    const { redirect, person } = await reachCallback(flow.url);
    expect(person.page.status).toBe(200);
    const { parameters } = flow;
    const wrong = { pkceCodeVerifier: oauth.randomPKCECodeVerifier(), expectedState: parameters.state };
    const redeemed = oauth.authorizationCodeGrant(config, redirect, wrong);
    expect(await refusalOf(redeemed)).toEqual({ error: "invalid_grant", status: 400 });
  });

  test("a code redeemed twice is refused and ends what it gave the first time", async () => {
    const config = await server.as("console", secrets.console);
    const flow = await beginCodeFlow(config, { scope: "payments:read", resource: paymentsApi });
    const { redirect } = await reachCallback(flow.url);
    const { access_token } = await flow.finish(redirect);
    expect(await refusalOf(flow.finish(redirect))).toEqual({ error: "invalid_grant", status: 400 });
    expect(await oauth.tokenIntrospection(config, access_token)).toEqual({ active: false });
  });

  test("of two that redeem a code at once, at most one is answered with a token", async () => {
    const config = await server.as("console", secrets.console);
    const flow = await beginCodeFlow(config, { scope: "payments:read", resource: paymentsApi });
    const { redirect } = await reachCallback(flow.url);
    const outcomes = await Promise.allSettled([flow.finish(redirect), flow.finish(redirect)]);
    expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBeLessThanOrEqual(1);
  });
});

describe("the pages", () => {
  test("a wrong password shows the form again, with the name and without the password", async () => {
    const person = await openSignIn();
    await person.submit({ login: "alice", password: "guess-1", decision: "allow" });
    expect(person.page.status).toBe(403);
    expect(person.page.html).toContain('value="alice"');
    expect(person.page.html).not.toContain("guess-1");
  });

  test("a person without a password signs in by name", async () => {
    const person = await openSignIn();
    await person.submit({ login: "Bob", password: "", decision: "allow" });
    expect(person.page.html).toContain("Allow access?");
  });

  test("an unknown name is refused like a wrong password", async () => {
    const person = await openSignIn();
    await person.submit({ login: "mallory", password: "", decision: "allow" });
    expect(person.page.status).toBe(403);
  });

  test("denying sends access_denied to the client", async () => {
    const person = await openSignIn();
    await person.submit({ login: "alice", password: "wonder", decision: "allow" });
    const redirect = await person.submit({ decision: "deny" });
    expect(redirect?.searchParams.get("error")).toBe("access_denied");
  });

  test("consent names the client, the person, and each scope with its resource, escaped", async () => {
    const person = await openSignIn();
    await person.submit({ login: "alice", password: "wonder", decision: "allow" });
    for (const text of ["The &lt;Console&gt;", "alice", "payout:start", gateApi, "Know who you are"]) {
      expect(person.page.html).toContain(text);
    }
    expect(person.page.html).not.toContain("<Console>");
  });

  test("pages forbid scripts, frames and caches", async () => {
    const { headers } = (await openSignIn()).page;
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("cache-control")).toBe("no-store");
  });

  test("an answer without the interaction's cookie is refused", async () => {
    const { page } = await openSignIn();
    const body = new URLSearchParams({ login: "alice", password: "wonder", decision: "allow" });
    const response = await fetch(page.url, { method: "POST", body });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("expired");
  });

  test("a person who is signed in and allowed before is not asked again, until signing out", async () => {
    const config = await server.as("console", secrets.console);
    const person = new Person(server.issuer);
    await signInAsAlice(config, asked, person);
    expect(await person.open((await beginCodeFlow(config, asked)).url)).toBeDefined();

    await person.open(`${server.issuer}/session/end`);
    const [, xsrf = ""] = /name="xsrf" value="([^"]+)"/.exec(person.page.html) ?? [];
    await signOut(person, xsrf);
    expect(person.page.html).toContain("Signed out");
    expect(await person.open((await beginCodeFlow(config, asked)).url)).toBeUndefined();
  });
});

async function openSignIn(): Promise<Person> {
  const config = await server.as("console", secrets.console);
  const person = new Person(server.issuer);
  await person.open((await beginCodeFlow(config, asked)).url);
  expect(person.page.html).toContain("Sign in");
  return person;
}

async function reachCallback(url: URL): Promise<{ redirect: URL; person: Person }> {
  const person = new Person(server.issuer);
  await person.open(url);
  await person.submit({ login: "alice", password: "wonder", decision: "allow" });
  const redirect = await person.submit({ decision: "allow" });
  if (!redirect) throw new Error("expected a redirect to the client");
  return { redirect, person };
}

function signOut(person: Person, xsrf: string): Promise<URL | undefined> {
  person.page.url = `${server.issuer}/session/end/confirm`;
  return person.submit({ xsrf, logout: "yes" });
}
