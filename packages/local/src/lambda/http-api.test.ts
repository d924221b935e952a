import { once } from "node:events";
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFunctionHost } from "./host.ts";
import { createHttpApi } from "./http-api.ts";

const entry = fileURLToPath(new URL("./fixtures/http-echo.ts", import.meta.url));
const errors: string[] = [];
const host = createFunctionHost({
  functions: [
    { name: "echo", entry, environment: {} },
    { name: "brief", entry, environment: {}, timeoutSeconds: 0.1 },
  ],
});
const api = createHttpApi({
  host,
  routes: [
    { method: "POST", path: "/workflows/{workflow}/executions", functionName: "echo" },
    { method: "ANY", path: "/echo", functionName: "echo" },
    { method: "GET", path: "/brief", functionName: "brief" },
  ],
  onError: (message) => errors.push(message),
});
const impatient = createHttpApi({
  host,
  routes: [{ method: "GET", path: "/impatient", functionName: "echo" }],
  integrationTimeoutMs: 50,
  onError: (message) => errors.push(message),
});
const server: Server = createServer((request, response) =>
  request.url === "/impatient" ? impatient(request, response) : api(request, response),
);
let base = "";

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await host.warm(["echo", "brief"]);
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await host.close();
});

async function eventOf(path: string, init: RequestInit = {}): Promise<APIGatewayProxyEventV2> {
  const response = await fetch(base + path, init);
  return ((await response.json()) as { got: APIGatewayProxyEventV2 }).got;
}

function answering(answer: unknown): Promise<Response> {
  return fetch(`${base}/echo`, { headers: { "x-answer": JSON.stringify(answer) } });
}

describe("the event", () => {
  it("has payload format 2.0", async () => {
    const event = await eventOf("/workflows/pay%20out/executions?a=1&b=x%20y&a=2&c", {
      method: "POST",
      headers: { "content-type": "application/json", "user-agent": "test", cookie: "one=1; two=2" },
      body: '{"amount":1}',
    });
    expect(event).toMatchObject({
      version: "2.0",
      routeKey: "POST /workflows/{workflow}/executions",
      rawPath: "/workflows/pay out/executions",
      rawQueryString: "a=1&b=x%20y&a=2&c",
      cookies: ["one=1", "two=2"],
      queryStringParameters: { a: "1,2", b: "x y", c: "" },
      pathParameters: { workflow: "pay out" },
      headers: {
        host: base.slice("http://".length),
        "content-type": "application/json",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
      },
      body: '{"amount":1}',
      isBase64Encoded: false,
      requestContext: {
        accountId: "000000000000",
        domainName: base.slice("http://".length),
        http: {
          method: "POST",
          path: "/workflows/pay out/executions",
          protocol: "HTTP/1.1",
          sourceIp: "127.0.0.1",
          userAgent: "test",
        },
        routeKey: "POST /workflows/{workflow}/executions",
        stage: "$default",
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
      },
    });
    expect(event.headers).not.toHaveProperty("cookie");
    expect(Math.abs(Date.now() - event.requestContext.timeEpoch)).toBeLessThan(60_000);
    expect(event.requestContext.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("leaves out what the request does not have", async () => {
    const event = await eventOf("/echo");
    for (const absent of ["cookies", "queryStringParameters", "pathParameters", "body"])
      expect(event).not.toHaveProperty(absent);
    expect(event).toMatchObject({ rawQueryString: "", isBase64Encoded: false });
  });

  it("joins repeated headers with commas, also those of which Node keeps one", async () => {
    const request = httpRequest(`${base}/echo`);
    request.setHeader("authorization", ["Bearer a", "Bearer b"]);
    request.setHeader("constructor", "c");
    request.end();
    const [response] = (await once(request, "response")) as [AsyncIterable<Buffer>];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    const { got } = JSON.parse(Buffer.concat(chunks).toString()) as { got: APIGatewayProxyEventV2 };
    expect(got.headers).toMatchObject({ authorization: "Bearer a,Bearer b", constructor: "c" });
  });

  it.each([
    ["text/plain; charset=utf-8", "text", false],
    ["application/json", "{}", false],
    ["application/x-www-form-urlencoded", "YT0x", true],
    ["application/octet-stream", "AAH/", true],
  ])("holds a body of type %s as API Gateway does", async (type, body, isBase64Encoded) => {
    const sent = isBase64Encoded ? Buffer.from(body, "base64") : body;
    const event = await eventOf("/echo", { method: "PUT", headers: { "content-type": type }, body: sent });
    expect(event).toMatchObject({ body, isBase64Encoded });
  });
});

describe("the response", () => {
  it("has the status, headers, cookies and body that the function gave", async () => {
    const response = await answering({
      statusCode: 201,
      headers: { "Content-Type": "application/problem+json", "X-Count": 3, Connection: "close" },
      cookies: ["a=1; HttpOnly", "b=2"],
      body: '{"a":1}',
    });
    expect(response.status).toBe(201);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("x-count")).toBe("3");
    expect(response.headers.get("connection")).toBe("keep-alive");
    expect(response.headers.getSetCookie()).toEqual(["a=1; HttpOnly", "b=2"]);
    expect(await response.text()).toBe('{"a":1}');
  });

  it("decodes a base64 body, and says text/plain when no type is given", async () => {
    const response = await answering({ statusCode: 200, body: "aGk=", isBase64Encoded: true });
    expect(response.headers.get("content-type")).toBe("text/plain;charset=UTF-8");
    expect(await response.text()).toBe("hi");
    expect((await answering({ statusCode: "204" })).status).toBe(204);
  });

  it("is a 200 with JSON when the function gave no status", async () => {
    const bare = await answering({ hello: 1 });
    expect(bare.status).toBe(200);
    expect(bare.headers.get("content-type")).toBe("application/json");
    expect(await bare.json()).toEqual({ hello: 1 });
    expect(await (await answering("plain")).text()).toBe("plain");
    expect(await (await answering(null)).text()).toBe("null");
  });

  it.each([
    { statusCode: 99 },
    { statusCode: "soon" },
    { statusCode: 200, body: { not: "text" } },
    { statusCode: 200, headers: ["a"] },
    { statusCode: 200, cookies: "a=1" },
  ])("is a 500 when the function's answer is %j", async (answer) => {
    const response = await answering(answer);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ message: "Internal Server Error" });
    expect(errors.at(-1)).toBe("ANY /echo: function echo: its answer is malformed");
  });
});

describe("the gateway", () => {
  it("answers 404 for an unknown route, also for a known path with another method", async () => {
    for (const path of ["/", "/echo/", "/workflows//executions", "/workflows/a/executions"]) {
      const response = await fetch(base + path);
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({ message: "Not Found" });
    }
  });

  it("answers 500 for a function's error without a word of it", async () => {
    const response = await fetch(`${base}/echo`, { headers: { "x-answer": "throw" } });
    expect(response.status).toBe(500);
    expect(await response.text()).toBe('{"message":"Internal Server Error"}');
  });

  it("answers 503 when the function times out, or takes longer than the gateway waits", async () => {
    for (const path of ["/brief", "/impatient"]) {
      const response = await fetch(base + path, { headers: { "x-answer": "hang" } });
      expect(response.status).toBe(503);
      expect(await response.json()).toEqual({ message: "Service Unavailable" });
    }
  });

  it("answers 413 for a body over 10 MB, or over what Lambda takes", async () => {
    for (const bytes of [10 * 1024 * 1024 + 1, 6 * 1024 * 1024]) {
      const response = await fetch(`${base}/echo`, { method: "POST", body: Buffer.alloc(bytes) });
      expect(response.status).toBe(413);
    }
  });

  it("answers 400 for a path that is not validly encoded", async () => {
    expect((await fetch(`${base}/workflows/%zz/executions`, { method: "POST" })).status).toBe(400);
  });

  it("refuses a route to an unknown function when it is made", () => {
    const routes = [{ method: "GET", path: "/", functionName: "other" }];
    expect(() => createHttpApi({ host, routes })).toThrow("Function not found");
  });
});
