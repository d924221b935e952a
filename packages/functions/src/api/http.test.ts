import { RefusedError, UnavailableError } from "@countersign/core/error/errors";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jwtLike } from "../../../core/test-support/fixtures.ts";
import { apiEvent, call, MemoryLog, type RequestFacts } from "../../test-support/api.ts";
import {
  answering,
  bearerToken,
  jsonBody,
  jsonResponse,
  onlyFields,
  originOf,
  pathParameter,
} from "./http.ts";

const route = "POST /operations/dead-letters/redrive";
const eventWith = (facts: RequestFacts) => apiEvent(route, facts);
const authorization = (value: string) => eventWith({ token: null, headers: { authorization: value } });

describe("the bearer token", () => {
  test.each(["Bearer", "bearer", "BEARER", "bEaReR"])("is read after the scheme %s", (scheme) => {
    expect(bearerToken(authorization(`${scheme} abc.def~+/=`))).toBe("abc.def~+/=");
  });

  test("is read after more than one space", () => {
    expect(bearerToken(authorization("Bearer   abc"))).toBe("abc");
  });

  test.each([
    ["no header", eventWith({ token: null })],
    ["an empty header", authorization("")],
    ["Basic", authorization("Basic YTpi")],
    ["DPoP", authorization("DPoP abc")],
    ["a scheme that only begins alike", authorization("BearerX abc")],
    ["a token in the query", eventWith({ token: null, query: { access_token: "abc" } })],
    ["a token in the body", eventWith({ token: null, body: "access_token=abc" })],
  ])("is missing with %s", (_kind, event) => {
    expect(() => bearerToken(event)).toThrow(expect.objectContaining({ code: "token.missing" }));
  });

  test.each([
    ["no token", "Bearer"],
    ["spaces alone", "Bearer   "],
    ["two tokens", "Bearer abc def"],
    ["two headers joined", "Bearer abc, Bearer def"],
    ["a tab for the space", "Bearer\tabc"],
    ["a space after it", "Bearer abc "],
    ["a line break", "Bearer abc\r\nx: y"],
  ])("is malformed with %s, and the answer repeats nothing of it", (_kind, header) => {
    expect(() => bearerToken(authorization(header))).toThrow(
      expect.objectContaining({
        code: "request.malformed",
        field: "Authorization",
        message: expect.not.stringContaining("abc"),
      }),
    );
  });

  test("is the text of one header or no token at all, whatever is sent", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        try {
          const token = bearerToken(authorization(`Bearer ${text}`));
          expect(token).toMatch(/^\S+$/);
          expect(text.endsWith(token)).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: "request.malformed" });
        }
      }),
    );
  });
});

describe("the body", () => {
  test.each([
    ["JSON", { body: { a: 1, b: "ü" } }],
    ["JSON in base64", { body: { a: 1, b: "ü" }, base64: true }],
  ])("is read from %s", (_kind, facts) => {
    expect(jsonBody(eventWith(facts))).toEqual({ a: 1, b: "ü" });
  });

  test("is an empty object when there is none", () => {
    expect(jsonBody(eventWith({}))).toEqual({});
    expect(jsonBody(eventWith({ body: "" }))).toEqual({});
  });

  test.each([
    ["text that is not JSON", "{"],
    ["a token alone", jwtLike("a")],
    ["form fields", "a=1"],
    ["an array", "[1]"],
    ["null", "null"],
    ["a number", "7"],
    ["a string", '"a"'],
  ])("is malformed when it is %s, and the answer repeats nothing of it", (_kind, body) => {
    for (const base64 of [false, true]) {
      expect(() => jsonBody(eventWith({ body, base64 }))).toThrow(
        expect.objectContaining({ code: "request.malformed", field: "body" }),
      );
    }
  });

  test("in base64 is malformed when its bytes are not UTF-8", () => {
    const event = eventWith({ body: "x" });
    const body = Buffer.from([...Buffer.from('{"a":"'), 0xff, ...Buffer.from('"}')]).toString("base64");
    expect(() => jsonBody({ ...event, body, isBase64Encoded: true })).toThrow(
      expect.objectContaining({ code: "request.malformed", field: "body" }),
    );
  });

  test("that is too large is refused before it is parsed", () => {
    const body = "[".repeat(2 * 1024 * 1024 + 1);
    for (const base64 of [false, true]) {
      expect(() => jsonBody(eventWith({ body, base64 }))).toThrow(
        expect.objectContaining({ code: "request.too_large", field: "body" }),
      );
    }
    expect(() => jsonBody(eventWith({ body: body.slice(1) }))).toThrow(
      expect.objectContaining({ code: "request.malformed" }),
    );
  });

  test("may have only the fields that are read", () => {
    expect(() => onlyFields({ a: 1 }, ["a", "b"])).not.toThrow();
    for (const body of ['{"a":1,"c":2}', '{"__proto__":{}}', '{"toString":1}']) {
      expect(() => onlyFields(jsonBody(eventWith({ body })), ["a"])).toThrow(
        expect.objectContaining({ code: "request.malformed", field: "body" }),
      );
    }
  });
});

test("a path parameter that is missing or empty is named", () => {
  const at = "GET /executions/{executionArn}";
  expect(pathParameter(apiEvent(at, { path: { executionArn: "a/b" } }), "executionArn")).toBe("a/b");
  for (const path of [{}, { executionArn: "" }]) {
    expect(() => pathParameter(apiEvent(at, { path }), "executionArn")).toThrow(
      expect.objectContaining({ code: "request.malformed", field: "executionArn" }),
    );
  }
});

test.each([
  [undefined, "https"],
  ["https", "https"],
  ["http", "http"],
  ['http", error="x', "https"],
])("the origin behind x-forwarded-proto %s is %s", (proto, scheme) => {
  const event = eventWith({});
  event.headers["x-forwarded-proto"] = proto;
  expect(originOf(event)).toBe(`${scheme}://gate.example`);
});

describe("an answer", () => {
  const failing = (error: unknown, log = new MemoryLog()) =>
    answering(log, async () => {
      throw error;
    });

  test("is never kept by a cache unless it says so", () => {
    expect(jsonResponse(200, {}).headers).toMatchObject({ "cache-control": "no-store" });
    expect(jsonResponse(200, {}, { "cache-control": "public" }).headers).toMatchObject({
      "cache-control": "public",
    });
  });

  test("to a refusal is logged by its code and request, not as an error", async () => {
    const log = new MemoryLog();
    const answer = await call(failing(new RefusedError("policy.role_missing", "detail"), log), route);
    expect(answer).toMatchObject({
      status: 403,
      body: { code: "policy.role_missing", requestId: "request-1" },
    });
    expect(log.errors).toEqual([]);
    expect(log.warnings).toEqual([
      { message: "request refused", fields: { code: "policy.role_missing", requestId: "request-1" } },
    ]);
  });

  test.each([
    [new UnavailableError("store.unavailable", "down"), 503],
    [new TypeError("undefined is not a function"), 500],
    ["thrown text", 500],
  ])("to what is out of order is logged as an error: %s", async (error, status) => {
    const log = new MemoryLog();
    expect((await call(failing(error, log), route)).status).toBe(status);
    expect(log.errors).toMatchObject([{ message: "request failed", requestId: "request-1" }]);
    expect(log.errors[0]?.error).toBeInstanceOf(Error);
  });

  test("names the invocation when the request has no id", async () => {
    const event = apiEvent(route);
    event.requestContext.requestId = "";
    const { body = "" } = await failing(new Error("x"))(event, { awsRequestId: "invocation-1" } as never);
    expect(JSON.parse(body)).toMatchObject({ requestId: "invocation-1" });
  });
});
