import { ApiError, ConnectionError } from "@countersign/client/errors";
import { describe, expect, it } from "vitest";
import { exitCodes } from "./exit-codes.ts";
import { errorLines, explain, usageError } from "./failure.ts";

const refusal = (status: number) => new ApiError("no", { status, code: "some.code", fix: "do" });

describe("the exit code", () => {
  it.each([
    [400, exitCodes.usage],
    [401, exitCodes.refused],
    [403, exitCodes.refused],
    [404, exitCodes.refused],
    [409, exitCodes.refused],
    [429, exitCodes.refused],
    [500, exitCodes.unavailable],
    [503, exitCodes.unavailable],
    [302, exitCodes.unexpected],
  ])("of an answer %i is %i", (status, exitCode) => {
    expect(explain(refusal(status)).exitCode).toBe(exitCode);
  });

  it("tells what is not reachable from what was typed wrong and what nobody foresaw", () => {
    expect(explain(new ConnectionError("no answer", "start it", null)).exitCode).toBe(exitCodes.unavailable);
    expect(explain(usageError("m", "f")).exitCode).toBe(exitCodes.usage);
    expect(explain(new TypeError("odd")).exitCode).toBe(exitCodes.unexpected);
    expect(explain("odd")).toMatchObject({ message: "odd", exitCode: exitCodes.unexpected });
  });
});

describe("the lines of an error", () => {
  it("say what happened with code, field and request, and what to do and when", () => {
    const error = new ApiError('"amount" is missing', {
      status: 429,
      code: "request.malformed",
      fix: "give it",
      field: "amount",
      requestId: "r-1",
      retryAfterSeconds: 7,
    });
    expect(errorLines(explain(error))).toBe(
      'error: "amount" is missing (request.malformed, field amount, request r-1)\nfix:   give it (after 7 s)\n',
    );
  });

  it("hold no token and no control character", () => {
    const error = new Error("got eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0. and \u001b[2J\nmore");
    expect(errorLines(explain(error))).toMatch(/^error: got \[token\] and \\u\{1b\}\[2J\\u\{a\}more\n/);
  });
});
