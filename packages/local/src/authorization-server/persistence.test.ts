import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as oauth from "openid-client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openServerKeys } from "./keys.ts";
import { aesCipher } from "./testing/aes-cipher.ts";
import { beginCodeFlow, Person, signInAsAlice } from "./testing/person.ts";
import {
  cipherKey,
  exchange,
  exchangeGrant,
  paymentsApi,
  secrets,
  startTestServer,
} from "./testing/test-server.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "authorization-server-"));
  path = join(folder, "state.sqlite");
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

const signInRequest = {
  scope: "openid offline_access payments:read",
  resource: paymentsApi,
  prompt: "consent",
};
const opaque = { scope: "payments:write", resource: paymentsApi };

describe("a second start on the same database", () => {
  test("has the same keys and knows tokens, revocations, sessions and registered clients", async () => {
    const initialAccessToken = "initial-access-token-MTk3ZGE0";
    const first = await startTestServer({ path, initialAccessToken });
    const { keys } = (await (await fetch(`${first.issuer}/jwks`)).json()) as { keys: unknown[] };
    const agent = await first.as("agent", secrets.agent);
    const live = await oauth.clientCredentialsGrant(agent, opaque);
    const dead = await oauth.clientCredentialsGrant(agent, opaque);
    await oauth.tokenRevocation(agent, dead.access_token);
    const jwt = await oauth.clientCredentialsGrant(agent, { scope: "payments:write" });
    const person = new Person(first.issuer);
    const console_ = await first.as("console", secrets.console);
    const { tokens } = await signInAsAlice(console_, signInRequest, person);
    const registered = (await registerMachine(first.issuer, initialAccessToken)).clientMetadata();
    await first.stop();

    const second = await startTestServer({ path, initialAccessToken, port: first.port });
    try {
      expect(await (await fetch(`${second.issuer}/jwks`)).json()).toEqual({ keys });
      expect(await oauth.tokenIntrospection(agent, live.access_token)).toMatchObject({ active: true });
      expect(await oauth.tokenIntrospection(agent, dead.access_token)).toEqual({ active: false });
      const gate = await second.as("gate", secrets.gate);
      expect(await exchange(gate, jwt.access_token, { resource: paymentsApi })).toHaveProperty(
        "access_token",
      );
      const refreshed = await oauth.refreshTokenGrant(console_, tokens.refresh_token ?? "");
      expect(await oauth.tokenIntrospection(console_, refreshed.access_token)).toMatchObject({
        active: true,
      });
      const again = await beginCodeFlow(console_, { scope: "payments:read", resource: paymentsApi });
      expect(await person.open(again.url)).toBeDefined();
      const machine = await second.as(registered.client_id, registered.client_secret);
      expect(await oauth.clientCredentialsGrant(machine)).toHaveProperty("access_token");
    } finally {
      await second.stop();
    }
  });

  test("continues a sign-in that was under way", async () => {
    const first = await startTestServer({ path });
    const console_ = await first.as("console", secrets.console);
    const person = new Person(first.issuer);
    const flow = await beginCodeFlow(console_, signInRequest);
    await person.open(flow.url);
    await person.submit({ login: "alice", password: "wonder", decision: "allow" });
    await first.stop();

    const second = await startTestServer({ path, port: first.port });
    try {
      const redirect = await person.submit({ decision: "allow" });
      if (!redirect) throw new Error("expected a redirect to the client");
      expect(await flow.finish(redirect)).toHaveProperty("refresh_token");
    } finally {
      await second.stop();
    }
  });

  test("refuses a database sealed under another key", async () => {
    const first = await startTestServer({ path });
    await first.stop();
    await expect(startTestServer({ path, cipher: aesCipher(Buffer.alloc(32, 8)) })).rejects.toThrow();
  });
});

test("kill -9 loses nothing that was answered", async () => {
  const script = fileURLToPath(new URL("./testing/serve.ts", import.meta.url));
  const child = spawn(process.execPath, [script, path], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(line.toString());
  const issuer = `http://127.0.0.1:${port}`;
  const discover = (clientId: string, secret: string) =>
    oauth.discovery(new URL(issuer), clientId, undefined, oauth.ClientSecretBasic(secret), {
      execute: [oauth.allowInsecureRequests],
    });
  const [agent, gate] = await Promise.all([discover("agent", secrets.agent), discover("gate", secrets.gate)]);
  const subject = await oauth.clientCredentialsGrant(agent, opaque);
  const kept = await exchange(gate, subject.access_token);
  const revoked = await exchange(gate, subject.access_token);
  await oauth.tokenRevocation(gate, revoked.access_token);
  child.kill("SIGKILL");
  await once(child, "exit");

  const server = await startTestServer({ path, port });
  try {
    expect(await oauth.tokenIntrospection(agent, subject.access_token)).toMatchObject({ active: true });
    expect(await oauth.tokenIntrospection(gate, kept.access_token)).toMatchObject({ active: true });
    expect(await oauth.tokenIntrospection(gate, revoked.access_token)).toEqual({ active: false });
  } finally {
    await server.stop();
  }
});

test("no token, code, secret, cookie, password or private key is on disk", async () => {
  const initialAccessToken = "initial-access-token-OTNkNmYy";
  const server = await startTestServer({ path, initialAccessToken });
  const seen: Record<string, string> = { initialAccessToken, password: "wonder", ...secrets };
  const see = (name: string, value: string | undefined) => {
    if (!value) throw new Error(`expected a value for ${name}`);
    seen[name] = value;
    return value;
  };
  try {
    const console_ = await server.as("console", secrets.console);
    const person = new Person(server.issuer);
    const flow = await beginCodeFlow(console_, signInRequest);
    await person.open(await oauth.buildAuthorizationUrlWithPAR(console_, flow.parameters));
    see("interaction at sign-in", person.page.url.split("/").at(-1));
    seeCookies("before sign-in", person, see);
    expectAbsent(folder, seen);
    await person.submit({ login: "alice", password: "wonder", decision: "allow" });
    see("interaction at consent", person.page.url.split("/").at(-1));
    seeCookies("at consent", person, see);
    expectAbsent(folder, seen);
    const redirect = await person.submit({ decision: "allow" });
    if (!redirect) throw new Error("expected a redirect to the client");
    see("code", redirect.searchParams.get("code") ?? undefined);
    seeCookies("after consent", person, see);
    expectAbsent(folder, seen);

    const tokens = await flow.finish(redirect);
    see("person's access token", tokens.access_token);
    see("ID token", tokens.id_token);
    const refreshToken = see("refresh token", tokens.refresh_token);
    const refreshed = await oauth.refreshTokenGrant(console_, refreshToken);
    see("rotated refresh token", refreshed.refresh_token);
    see("refreshed access token", refreshed.access_token);

    const agent = await server.as("agent", secrets.agent);
    see("JWT", (await oauth.clientCredentialsGrant(agent)).access_token);
    const subject = see("opaque token", (await oauth.clientCredentialsGrant(agent, opaque)).access_token);
    const gate = await server.as("gate", secrets.gate);
    const exchanged = await exchange(gate, subject, { scope: "payments:write offline_access" });
    see("exchanged token", exchanged.access_token);
    see("exchanged refresh token", exchanged.refresh_token);
    see("step token", (await exchange(gate, exchanged.access_token)).access_token);

    const machine = (await registerMachine(server.issuer, initialAccessToken)).clientMetadata();
    see("registered secret", machine.client_secret);
    see("registration access token", String(machine["registration_access_token"]));
    see("added secret", (await server.addClientSecret("agent")).secret);
    const keys = openServerKeys(server.database, aesCipher(cipherKey));
    see("private key", keys.signing.jwk.d);
    see("cookie key", keys.cookies[0]);
    expectAbsent(folder, seen);
    expect(server.reported).toEqual([]);
  } finally {
    await server.stop();
  }
  expectAbsent(folder, seen);
});

test("expired rows are gone after the next prune", async () => {
  const server = await startTestServer({ path });
  const agent = await server.as("agent", secrets.agent);
  await oauth.clientCredentialsGrant(agent, opaque);
  await server.stop();
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 961_000 });
  const later = await startTestServer({ path });
  const count = later.database.prepare("SELECT count(*) AS count FROM authorization_server_artifact").get();
  expect(count).toEqual({ count: 0 });
  await later.stop();
});

test("a fault of the server is reported without the token that met it", async () => {
  const server = await startTestServer({ path });
  const agent = await server.as("agent", secrets.agent);
  const { access_token } = await oauth.clientCredentialsGrant(agent, opaque);
  server.database.exec("DROP TABLE authorization_server_artifact");
  await expect(oauth.tokenIntrospection(agent, access_token)).rejects.toMatchObject({
    cause: { status: 500 },
  });
  expect(server.reported).toEqual([expect.stringContaining("introspection: Error no such table")]);
  expect(server.reported.join()).not.toContain(access_token);
  await server.stop();
});

test("a fault outside the provider's own handling is reported the same way", async () => {
  const written = vi.spyOn(console, "error");
  const server = await startTestServer({ path });
  const person = new Person(server.issuer);
  await person.open((await beginCodeFlow(await server.as("console", secrets.console), signInRequest)).url);
  server.database.exec("DROP TABLE authorization_server_artifact");
  await person.submit({ login: "alice", password: "wonder", decision: "allow" });
  expect(person.page.status).toBe(500);
  const sessionEnd = await fetch(`${server.issuer}/session/end`, {
    headers: { cookie: person.cookies.join("; ") },
  });
  expect(sessionEnd.status).toBe(500);
  expect(server.reported.length).toBeGreaterThan(0);
  expect(written).not.toHaveBeenCalled();
  written.mockRestore();
  await server.stop();
});

function registerMachine(issuer: string, initialAccessToken: string): Promise<oauth.Configuration> {
  const metadata = {
    grant_types: ["client_credentials", exchangeGrant],
    response_types: [],
    redirect_uris: [],
  };
  return oauth.dynamicClientRegistration(new URL(issuer), metadata, undefined, {
    initialAccessToken,
    execute: [oauth.allowInsecureRequests],
  });
}

function seeCookies(when: string, person: Person, see: (name: string, value: string) => void): void {
  for (const [index, cookie] of person.cookies.entries()) see(`cookie ${index} ${when}`, cookie);
}

function expectAbsent(directory: string, seen: Record<string, string>): void {
  const files = readdirSync(directory);
  expect(files.length).toBeGreaterThan(0);
  const bytes = Buffer.concat(files.map((file) => readFileSync(join(directory, file))));
  const found = Object.entries(seen).filter(([, value]) => bytes.includes(value));
  expect(found.map(([name]) => name)).toEqual([]);
}
