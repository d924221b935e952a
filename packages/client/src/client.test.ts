import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createClient } from "./client.ts";
import { ApiError, ConnectionError } from "./errors.ts";

const arn = "arn:aws:states:eu-central-1:111122223333:execution:payout:3f9a";
const token = "header.payload.signature-of-the-test";
const running: { close(): void }[] = [];

afterEach(() => {
  for (const server of running.splice(0)) server.close();
});

type Handler = (request: IncomingMessage, body: string, response: ServerResponse) => void;

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

async function serve(handle: Handler): Promise<{ baseUrl: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      received.push({ method: request.method, url: request.url, headers: request.headers, body });
      handle(request, body, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  running.push({ close: () => server.close().closeAllConnections() });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Handler {
  return (_request, _body, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}

async function clientOf(handle: Handler, timeoutMs?: number) {
  const { baseUrl, received } = await serve(handle);
  const client = createClient({ baseUrl, token: () => token, ...(timeoutMs && { timeoutMs }) });
  return { client, received, baseUrl };
}

const grant = {
  id: "g1",
  state: "active",
  subject: { iss: "https://idp", sub: "alice" },
  clientId: "app",
  scopes: ["payout:start"],
  identityMode: "exchanged",
};

describe("requests", () => {
  it("a start carries token, key and input", async () => {
    const { client, received } = await clientOf(
      answer(201, { executionArn: arn, workflow: "payout", grant }),
    );
    const started = await client.startExecution("pay out", { input: { amount: 1 }, idempotencyKey: "k1" });
    expect(started).toMatchObject({ executionArn: arn, created: true });
    expect(received[0]).toMatchObject({ method: "POST", url: "/workflows/pay%20out/executions" });
    expect(received[0]?.headers).toMatchObject({ authorization: `Bearer ${token}`, "idempotency-key": "k1" });
    expect(JSON.parse(received[0]?.body ?? "")).toEqual({ input: { amount: 1 } });
  });

  it("a start that a request before had made is told apart", async () => {
    const { client } = await clientOf(answer(200, { executionArn: arn, workflow: "payout", grant }));
    expect(await client.startExecution("payout")).toMatchObject({ created: false });
  });

  it("an execution ARN is one path segment", async () => {
    const execution = { executionArn: arn, status: "RUNNING" };
    const { client, received } = await clientOf(answer(200, execution));
    expect(await client.describeExecution(arn)).toEqual(execution);
    expect(received[0]?.url).toBe(`/executions/${encodeURIComponent(arn)}`);
  });

  it("a stop carries its reason", async () => {
    const { client, received } = await clientOf(answer(202, { executionArn: arn, requestId: "r" }));
    await client.stopExecution(arn, { reason: "wrong amount" });
    expect(received[0]).toMatchObject({ method: "POST", body: '{"reason":"wrong amount"}' });
  });

  it("dead letters are listed, and redriven all or by id", async () => {
    const { client, received } = await clientOf((request, _body, response) => {
      const body =
        request.method === "GET" ? { deadLetters: [{ id: "d1" }] } : { redriven: ["d1"], kept: [] };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    expect(await client.listDeadLetters({ limit: 5 })).toEqual([{ id: "d1" }]);
    expect(await client.redriveDeadLetters(["d1"])).toEqual({ redriven: ["d1"], kept: [] });
    await client.redriveDeadLetters();
    expect(received.map(({ url, body }) => [url, body])).toEqual([
      ["/operations/dead-letters?limit=5", ""],
      ["/operations/dead-letters/redrive", '{"ids":["d1"]}'],
      ["/operations/dead-letters/redrive", "{}"],
    ]);
  });

  it("all pages are asked for within the first page's window", async () => {
    const pages = [
      { entries: [{ entryId: "3" }, { entryId: "2" }], from: 10, to: 20, cursor: "c" },
      { entries: [{ entryId: "1" }], from: 10, to: 20 },
    ];
    const { client, received } = await clientOf((request, body, response) =>
      answer(200, pages.shift())(request, body, response),
    );
    const ids: string[] = [];
    for await (const entry of client.entries({ workflow: "payout" })) ids.push(entry.entryId);
    expect(ids).toEqual(["3", "2", "1"]);
    expect(received[1]?.url).toBe("/audit/entries?workflow=payout&from=10&to=20&cursor=c");
  });
});

describe("an erasure", () => {
  it("sends the subject in the body, where no log of addresses has it", async () => {
    const erased = { entryId: "e".repeat(43), found: true };
    const { client, received } = await clientOf(answer(200, erased));
    const subject = { iss: "https://login.example.com", sub: "alice" };
    expect(await client.eraseSubject(subject)).toEqual(erased);
    expect(received).toMatchObject([{ method: "POST", url: "/operations/subjects/erase" }]);
    expect(JSON.parse(received[0]?.body ?? "")).toEqual(subject);
  });
});

describe("refusals", () => {
  it("problem details become an ApiError", async () => {
    const problem = {
      type: "urn:countersign:error:policy.scope_insufficient",
      title: "the access token lacks a scope",
      status: 403,
      code: "policy.scope_insufficient",
      detail: "needs payout:start",
      fix: "request a token with it",
      field: "scope",
      requestId: "req-1",
    };
    const { client } = await clientOf(answer(403, problem, { "retry-after": "7" }));
    const error = await client.startExecution("payout").catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    const { code, status, detail, fix, field, requestId } = problem;
    expect(error).toMatchObject({ name: "ApiError", code, status, detail, fix, field, requestId });
    expect(error).toMatchObject({ message: detail, retryAfterSeconds: 7 });
  });

  it.each([
    [503, '{"message":"Service Unavailable"}', /503 "Service Unavailable"/],
    [404, "<html>not here</html>", /404/],
    [502, "", /502/],
    [403, '{"code":7,"detail":{}}', /403/],
  ])("an answer %i that is no problem is an ApiError all the same", async (status, body, message) => {
    const { client } = await clientOf(answer(status, body, { "apigw-requestid": "gw-1" }));
    const error = await client.queryEntries().catch((e: unknown) => e);
    expect(error).toMatchObject({
      name: "ApiError",
      code: "http.unexpected_answer",
      status,
      requestId: "gw-1",
    });
    expect((error as Error).message).toMatch(message);
  });

  it.each(["<html>hello</html>", "[]", "{}", "null", ""])("a 200 with %j is not an answer", async (body) => {
    const { client } = await clientOf(answer(200, body));
    await expect(client.describeExecution(arn)).rejects.toMatchObject({ code: "http.unexpected_answer" });
  });

  it("a redirect is not followed", async () => {
    const other = await serve(answer(200, {}));
    const { client } = await clientOf(answer(307, "", { location: `${other.baseUrl}/` }));
    await expect(client.describeExecution(arn)).rejects.toMatchObject({ name: "ApiError", status: 307 });
    expect(other.received).toEqual([]);
  });
});

describe("no answer", () => {
  it("nothing listens: says what to start", async () => {
    const { baseUrl } = await serve(answer(200, {}));
    running.pop()?.close();
    const error = await createClient({ baseUrl, token: () => token })
      .describeExecution(arn)
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ message: `no answer from ${baseUrl}: connection refused` });
    expect((error as ConnectionError).fix).toContain("countersign up");
  });

  it("a connection that breaks is a ConnectionError", async () => {
    const { client } = await clientOf((request) => void request.socket.destroy());
    await expect(client.describeExecution(arn)).rejects.toThrow(ConnectionError);
  });

  it("an answer that does not come in time is given up", async () => {
    const { client } = await clientOf(() => undefined, 50);
    await expect(client.describeExecution(arn)).rejects.toThrow(/nothing within 0.05 s/);
  });

  it("a body that stops half way is given up in time", async () => {
    const { client } = await clientOf((_request, _body, response) => {
      response.writeHead(200, { "content-type": "application/json" }).write("{");
    }, 50);
    await expect(client.describeExecution(arn)).rejects.toThrow(ConnectionError);
  });

  it("an aborted request rejects with the signal's reason", async () => {
    const { client } = await clientOf(() => undefined);
    const abort = new AbortController();
    const asked = client.describeExecution(arn, { signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(asked).rejects.toThrow("enough");
  });
});

describe("where a token goes", () => {
  it.each([
    "http://api.example.com",
    "ftp://127.0.0.1",
    "api.example.com",
    "https://a:b@api.example.com",
  ])("not to %s", (baseUrl) => {
    expect(() => createClient({ baseUrl, token: () => token })).toThrow(TypeError);
  });

  it.each([
    "https://api.example.com/prod/",
    "http://localhost:1",
    "http://[::1]:1",
    "http://127.0.0.1:1",
  ])("to %s", (baseUrl) => {
    expect(() => createClient({ baseUrl, token: () => token })).not.toThrow();
  });

  it("a malformed token is refused without being quoted", async () => {
    const { baseUrl, received } = await serve(answer(200, {}));
    const error = await createClient({ baseUrl, token: () => "secret\ntoken" })
      .describeExecution(arn)
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).not.toContain("secret");
    expect(received).toEqual([]);
  });

  it("no error holds the token", async () => {
    const { client } = await clientOf(answer(500, { message: "no" }));
    const error = (await client.describeExecution(arn).catch((e: unknown) => e)) as Error;
    expect(JSON.stringify(error) + error.message + error.stack).not.toContain(token);
  });
});
