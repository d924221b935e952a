import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rejectionOf } from "../../test-support/error-text.ts";
import { type ScriptedProvider, startScriptedProvider } from "../../test-support/scripted-provider.ts";
import { createBoundedFetch, HttpGuardError, isLoopbackHttp } from "./bounded-fetch.ts";

const get = { method: "GET", headers: {} } as const;
const bounded = createBoundedFetch({ allowLoopbackHttp: true, maxResponseBytes: 1000 });

let server: ScriptedProvider;
beforeEach(async () => {
  server = await startScriptedProvider();
});
afterEach(() => server.close());
const at = (path: string) => `${server.issuer}${path}`;

describe("a response", () => {
  test("up to the limit comes whole, with status and headers", async () => {
    server.answers.set("/", { status: 418, headers: { "retry-after": "5" }, text: "x".repeat(1000) });
    const response = await bounded(at("/"), get);
    expect([response.status, response.statusText, response.headers.get("retry-after")]).toEqual([
      418,
      "I'm a Teapot",
      "5",
    ]);
    expect(await response.text()).toHaveLength(1000);
  });

  test.each([204, 304])("of status %i has no body", async (status) => {
    server.answers.set("/", { status });
    const response = await bounded(at("/"), get);
    expect([response.status, response.body]).toEqual([status, null]);
  });

  test("one byte past the limit is refused", async () => {
    server.answers.set("/", { text: "x".repeat(1001) });
    const error = await rejectionOf(bounded(at("/"), get));
    expect(error).toBeInstanceOf(HttpGuardError);
    expect(error).toMatchObject({ code: "HTTP_RESPONSE_TOO_LARGE" });
  });

  test("that unpacks past the limit is refused", async () => {
    const packed = gzipSync("x".repeat(100_000));
    expect(packed.length).toBeLessThan(1000);
    server.answers.set("/", (response) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      response.end(packed);
    });
    expect(await rejectionOf(bounded(at("/"), get))).toMatchObject({ code: "HTTP_RESPONSE_TOO_LARGE" });
  });

  test("without an end is cut off, and its connection closed", async () => {
    const closed = Promise.withResolvers<void>();
    server.answers.set("/", (response) => {
      const writing = setInterval(() => response.write("x".repeat(100)), 1);
      response.on("close", () => {
        clearInterval(writing);
        closed.resolve();
      });
    });
    expect(await rejectionOf(bounded(at("/"), get))).toMatchObject({ code: "HTTP_RESPONSE_TOO_LARGE" });
    await closed.promise;
  });

  test.each([301, 302, 303, 307, 308])("of status %i is given back, not followed", async (status) => {
    server.answers.set("/", { status, headers: { location: at("/elsewhere") } });
    const response = await bounded(at("/"), { method: "POST", headers: {}, body: "token=x" });
    expect(response.status).toBe(status);
    expect(server.count("/elsewhere")).toBe(0);
  });
});

describe("a signal", () => {
  test("ends the wait for an answer", async () => {
    server.answers.set("/", "hang");
    const error = await rejectionOf(bounded(at("/"), { ...get, signal: AbortSignal.timeout(50) }));
    expect(error).toMatchObject({ name: "TimeoutError" });
  });

  test("ends the wait for the rest of a body", async () => {
    server.answers.set("/", (response) => void response.write("half"));
    const error = await rejectionOf(bounded(at("/"), { ...get, signal: AbortSignal.timeout(50) }));
    expect(error).toMatchObject({ name: "TimeoutError" });
  });
});

describe("a URL", () => {
  test.each([
    "http://id.example/keys",
    "http://127.0.0.1.id.example/",
    "http://localhost.id.example/",
    "http://127.0.0.2/",
    "http://0.0.0.0/",
    "http://[::]/",
    "http://169.254.169.254/latest/meta-data",
    "ftp://127.0.0.1/",
    "file:///etc/hosts",
    "data:application/json,{}",
  ])("%s is refused even where plain http to this machine is let through", async (url) => {
    const error = await rejectionOf(bounded(url, get));
    expect(error).toBeInstanceOf(HttpGuardError);
    expect(error).toMatchObject({ code: "HTTP_URL_FORBIDDEN" });
  });

  test("of this machine is refused where an issuer is not on it", async () => {
    const strict = createBoundedFetch({ allowLoopbackHttp: false });
    expect(await rejectionOf(strict(at("/"), get))).toMatchObject({ code: "HTTP_URL_FORBIDDEN" });
    expect(server.requests).toEqual([]);
  });

  test("in an error is named without what may be secret in it", async () => {
    const error = await rejectionOf(bounded("http://user:password@id.example/path?token=x", get));
    expect(error).toHaveProperty("message", '"http://id.example" is not https');
  });

  test.each([
    ["http://127.0.0.1:8080/", true],
    ["http://localhost/", true],
    ["http://[::1]:80/", true],
    ["http://LOCALHOST/", true],
    ["http://2130706433/", true],
    ["https://127.0.0.1/", false],
    ["http://localhost./", false],
    ["http://localhost@id.example/", false],
  ])("%s is plain http to this machine: %s", (url, is) => {
    expect(isLoopbackHttp(new URL(url))).toBe(is);
  });
});
