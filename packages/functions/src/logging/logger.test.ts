import { Console } from "node:console";
import { PassThrough } from "node:stream";
import { RefusedError, UnavailableError } from "@countersign/core/error/errors";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jwtLike } from "../../../core/test-support/fixtures.ts";
import { createLogger } from "./logger.ts";

/** What a logger writes, line by line. */
function written(write: (logger: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  const stream = new PassThrough();
  const logger = createLogger("test");
  // Powertools keeps a console of its own, made when the logger is.
  Object.assign(logger, { console: new Console({ stdout: stream, stderr: stream }) });
  write(logger);
  const text = String(stream.read() ?? "");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
const line = (write: Parameters<typeof written>[0]) => JSON.stringify(written(write));

const secret = "opaque-but-secret-7";

describe("a log line", () => {
  test("says what it was given, under the service's name", () => {
    const [entry] = written((logger) =>
      logger.warn("request refused", { code: "token.missing", requestId: "r" }),
    );
    expect(entry).toMatchObject({
      level: "WARN",
      service: "test",
      message: "request refused",
      code: "token.missing",
      requestId: "r",
    });
  });

  test.each([
    "token",
    "access_token",
    "accessToken",
    "refreshToken",
    "authorization",
    "Authorization",
    "secret",
    "client_secret",
    "clientSecret",
    "password",
    "assertion",
    "client_assertion",
    "cookie",
    "set-cookie",
    "apiKey",
    "api_key",
    "privateKey",
    "credentials",
    "jwt",
    "bearer",
    "rawBody",
    "body",
    "input",
    "output",
    "cause",
  ])("holds nothing under the name %s, at any depth", (name) => {
    for (const value of [secret, { inner: secret }, [secret]]) {
      expect(line((logger) => logger.info("m", { [name]: value }))).toContain("[refused]");
      const nested = line((logger) => logger.info("m", { a: [{ b: { [name]: value } }] }));
      expect(nested).not.toContain(secret);
    }
  });

  test.each(["fingerprint", "requestId", "inputSha256", "executionArn", "because"])("keeps %s", (name) => {
    expect(line((logger) => logger.info("m", { [name]: "v1.k1.abc" }))).toContain("v1.k1.abc");
  });

  test("keeps a number that is only about a token", () => {
    expect(written((logger) => logger.info("m", { tokenLifetime: 60 }))[0]).toMatchObject({
      tokenLifetime: 60,
    });
  });

  test("holds no token in its message, a value, a list, a name or JSON in text", () => {
    const token = jwtLike("a");
    const text = line((logger) => {
      logger.info(`got ${token}`);
      logger.info("m", { note: token });
      logger.info("m", { notes: ["fine", { deep: `Bearer ${"x".repeat(20)}` }] });
      logger.info("m", { [token]: 1 });
      logger.info("m", { json: JSON.stringify({ access_token: "x".repeat(20) }) });
      logger.appendKeys({ later: token });
      logger.info("m");
    });
    expect(text).not.toMatch(/eyJ|x{20}/);
    expect(text.match(/\[refused/g)).toHaveLength(6);
    expect(text).toContain("fine");
  });

  test("holds no token wherever in a record it is put", () => {
    const token = jwtLike("p");
    const place = fc.letrec<{ at: unknown }>((tie) => ({
      at: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(token, `a ${token} b`, new Error(token), { [token]: 1 }),
        fc.record({ kept: fc.string(), at: tie("at") }),
        fc.array(tie("at"), { minLength: 1, maxLength: 3 }),
        tie("at").map((cause) => new Error("outer", { cause })),
      ),
    })).at;
    fc.assert(
      fc.property(place, (at) => {
        const text = line((logger) =>
          at instanceof Error ? logger.error("m", at) : logger.error("m", { at }),
        );
        expect(text).toContain('"message":"m"');
        expect(text).not.toContain("eyJ");
      }),
    );
  });
});

describe("an error", () => {
  const nested = new UnavailableError("provider.unavailable", "no answer", {
    cause: new Error("inner", {
      cause: new TypeError(`failed on ${jwtLike("deep")}`, { cause: jwtLike("text") }),
    }),
  });

  test("is logged with its code, its message and its causes, and no token of any of them", () => {
    const [entry] = written((logger) => logger.error("request failed", nested));
    expect(entry).toMatchObject({
      message: "request failed",
      error: {
        name: "UnavailableError",
        code: "provider.unavailable",
        message: "no answer",
        cause: { message: "inner", cause: { name: "TypeError", message: "[refused: shaped like a token]" } },
      },
    });
    expect(JSON.stringify(entry)).not.toContain("eyJ");
  });

  test("keeps no field of its own that a log must not hold", () => {
    const error = Object.assign(new Error("m"), {
      response: { headers: { authorization: secret }, body: secret },
      config: { client_secret: secret },
    });
    expect(line((logger) => logger.error("m", error))).not.toContain(secret);
  });

  test("keeps its stack, but for one that quotes a token", () => {
    const plain = new RefusedError("token.missing", "nothing there");
    const quoting = new RefusedError("token.missing", jwtLike("a"));
    expect(line((logger) => logger.error("m", plain))).toContain("logger.test.ts");
    expect(line((logger) => logger.error("m", quoting))).not.toContain("eyJ");
  });

  test("that is its own cause is logged once", () => {
    const error = new Error("round");
    error.cause = error;
    expect(line((logger) => logger.error("m", { error, name: "kept" }))).toContain("round");
  });
});
