import { type ErrorCode, type ErrorDefinition, errorCatalog } from "@countersign/core/error/catalog";
import { InvalidInputError, RefusedError, UnavailableError } from "@countersign/core/error/errors";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jwtLike } from "../../../core/test-support/fixtures.ts";
import { expectDocumented } from "../../test-support/documented.ts";
import { problemResponse } from "./problem.ts";

const context = { requestId: "r-1", origin: "https://gate.example" };
const metadata = 'resource_metadata="https://gate.example/.well-known/oauth-protected-resource"';
const definitions = Object.entries(errorCatalog) as [ErrorCode, ErrorDefinition][];

const answerTo = (error: unknown, at = context) => {
  const { statusCode, headers = {}, body = "" } = problemResponse(error, at);
  return { status: statusCode, headers, body: JSON.parse(body) };
};

describe("a problem", () => {
  test.each(definitions)("%s has its documented status, title and fix", (code, { status, title, fix }) => {
    const response = problemResponse(new RefusedError(code, "what happened", { field: "f" }), context);
    expect(response.statusCode).toBe(status);
    expect(response.headers).toMatchObject({
      "content-type": "application/problem+json",
      "cache-control": "no-store",
    });
    expect(JSON.parse(response.body ?? "")).toEqual({
      type: `urn:countersign:error:${code}`,
      title,
      status,
      code,
      detail: "what happened",
      fix,
      field: "f",
      requestId: "r-1",
    });
    expectDocumented("GET /audit/entries", response);
  });

  test.each(definitions)("%s is challenged as RFC 6750 §3.1 says of its error", (code, definition) => {
    const { headers } = answerTo(new RefusedError(code, "d"));
    const challenge = headers["www-authenticate"];
    if (code === "token.missing") expect(challenge).toBe(`Bearer ${metadata}`);
    else if (definition.challenge === undefined) expect(challenge).toBeUndefined();
    else
      expect(challenge).toBe(
        `Bearer error="${definition.challenge}", error_description="${definition.title.replaceAll('"', "'")}", ${metadata}`,
      );
  });

  test("of a missing scope names the scopes that would be enough", () => {
    const error = new RefusedError("policy.scope_insufficient", "d", { requiredScopes: ["a:read", "b"] });
    expect(answerTo(error).headers["www-authenticate"]).toMatch(
      /^Bearer error="insufficient_scope", .*, scope="a:read b", resource_metadata="/,
    );
  });

  test("has no field when nothing is at fault but the whole", () => {
    expect(answerTo(new RefusedError("token.missing", "d")).body).not.toHaveProperty("field");
  });
});

describe("Retry-After", () => {
  test.each([
    [0, "0"],
    [0.2, "1"],
    [5, "5"],
    [29.01, "30"],
    [-3, "0"],
  ])("of %s s is %s", (retryAfterSeconds, header) => {
    const error = new RefusedError("policy.start_rate_exceeded", "d", { retryAfterSeconds });
    expect(answerTo(error).headers["retry-after"]).toBe(header);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("is left out when it is %s", (retryAfterSeconds) => {
    const error = new RefusedError("policy.start_rate_exceeded", "d", { retryAfterSeconds });
    expect(answerTo(error).headers).not.toHaveProperty("retry-after");
  });

  test("is five seconds for whatever is unavailable and does not say how long", () => {
    const error = new UnavailableError("store.unavailable", "d");
    expect(answerTo(error)).toMatchObject({ status: 503, headers: { "retry-after": "5" } });
  });

  test("is not said where waiting mends nothing", () => {
    expect(answerTo(new InvalidInputError("request.malformed", "d")).headers).not.toHaveProperty(
      "retry-after",
    );
  });
});

describe("an error nobody raised on purpose", () => {
  test.each([
    ["an Error", new Error(`failed with ${jwtLike("a")}`)],
    [
      "one with fields of ours",
      Object.assign(new Error("secret-7"), { code: "token.missing", field: "secret-7" }),
    ],
    ["text", "secret-7"],
    ["nothing", undefined],
    ["an object", { message: "secret-7", code: "policy.role_missing", definition: { status: 200 } }],
  ])("is answered as internal, with nothing of it: %s", (_kind, error) => {
    const answer = answerTo(error);
    expect(answer).toMatchObject({ status: 500, body: { code: "internal", requestId: "r-1" } });
    expect(JSON.stringify(answer)).not.toMatch(/secret-7|eyJ/);
  });
});

test("no text of an error, a scope or a host ends a header or a quoted value", () => {
  const hostile = fc.string({ unit: "binary" }).map((text) => `${text}"\r\nset-cookie: a=b`);
  fc.assert(
    fc.property(hostile, fc.array(hostile, { maxLength: 3 }), hostile, (detail, requiredScopes, host) => {
      const error = new RefusedError("policy.scope_insufficient", detail, { field: detail, requiredScopes });
      const { headers, body } = answerTo(error, { requestId: "r-1", origin: `https://${host}` });
      expect(body.detail).toBe(detail.toWellFormed());
      expect(Object.keys(headers).toSorted()).toEqual(["cache-control", "content-type", "www-authenticate"]);
      expect(headers["www-authenticate"]).toMatch(
        /^Bearer error="[^"\\]*", error_description="[^"\\]*", scope="[^"\\]*", resource_metadata="[^"\\]*"$/,
      );
      for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7e]*$/);
    }),
  );
});
