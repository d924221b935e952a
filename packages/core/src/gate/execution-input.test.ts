import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grantWith, jwtLike } from "../../test-support/fixtures.ts";
import { InvalidInputError } from "../error/errors.ts";
import { checkInput, executionInput, maxInputBytes, maxInputDepth, requestHash } from "./execution-input.ts";

describe("an execution's input", () => {
  test("is the caller's and says who it is for", () => {
    const grant = grantWith({ role: "app", actors: [{ sub: "agent" }] });
    expect(JSON.parse(executionInput({ amount: 1 }, "payout", grant))).toEqual({
      amount: 1,
      countersign: {
        grantId: grant.grantId,
        workflow: "payout",
        subject: grant.subject,
        actors: [{ sub: "agent" }],
        clientId: "payments-app",
        scopes: ["payout:start"],
        role: "app",
      },
    });
  });

  test("is the same to the byte for what the grant was intended as and what it became", () => {
    const {
      startDate: _startDate,
      expiresAt: _expiresAt,
      fingerprint: _fingerprint,
      ...intended
    } = grantWith();
    const first = executionInput({ b: 1, a: 2 }, "payout", { ...intended, state: "authorizing" });
    expect(executionInput({ b: 1, a: 2 }, "payout", grantWith({ identityMode: "refreshed" }))).toBe(first);
  });

  test("of the most bytes Step Functions takes is accepted, and of one more refused", () => {
    const spare = maxInputBytes - Buffer.byteLength(executionInput({ pad: "" }, "payout", grantWith()));
    expect(executionInput({ pad: "é".repeat(spare / 2) }, "payout", grantWith()).length).toBeGreaterThan(0);
    expect(() => executionInput({ pad: "x".repeat(spare + 1) }, "payout", grantWith())).toThrow(
      expect.objectContaining({ code: "request.too_large", field: "input" }),
    );
  });

  test.each<[string, unknown]>([
    ["an array of a million numbers", { list: Array.from({ length: 1_000_000 }, () => 1) }],
    ["more members than fit", Object.fromEntries(Array.from({ length: 40_000 }, (_, n) => [`n${n}`, n]))],
    ["a token behind what is too much", { pad: "x".repeat(maxInputBytes), token: jwtLike("behind") }],
    ["nesting to no end", JSON.parse(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`)],
  ])("that is too large is refused as that, and not looked into: %s", (_name, input) => {
    expect(() => checkInput(input)).toThrow(
      expect.objectContaining({ code: "request.too_large", field: "input" }),
    );
  });

  test("is measured as it is written, to the byte", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue()), (value) => {
        const json = JSON.stringify({ value, pad: "" });
        const pad = "x".repeat(maxInputBytes - Buffer.byteLength(json));
        const sized = (text: string) => JSON.parse(JSON.stringify({ value, pad: text }));
        expect(checkInput(sized(pad))).toHaveProperty("pad");
        expect(() => checkInput(sized(`${pad}x`))).toThrow(
          expect.objectContaining({ code: "request.too_large" }),
        );
      }),
      { numRuns: 50 },
    );
  });

  test.each<[string, unknown]>([
    ["null", null],
    ["an array", []],
    ["text", "{}"],
    ["a number", 1],
  ])("is not %s", (_name, input) => {
    expect(() => checkInput(input)).toThrow(
      expect.objectContaining({ code: "request.malformed", field: "input" }),
    );
  });

  test("may be absent", () => {
    expect(checkInput(undefined)).toEqual({});
  });

  test("may not use the gate's name at the top, and may below", () => {
    expect(() => checkInput({ countersign: {} })).toThrow(
      expect.objectContaining({ code: "request.input_reserved", field: "input.countersign" }),
    );
    expect(checkInput({ nested: { countersign: 1 } })).toEqual({ nested: { countersign: 1 } });
  });

  test("with a token is refused with its place, and not its value", () => {
    const token = jwtLike("input");
    try {
      checkInput({ steps: [{ auth: token }] });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidInputError);
      expect(error).toMatchObject({ code: "request.input_holds_token", field: "input.steps[0].auth" });
      expect((error as Error).message).not.toContain(token);
    }
  });

  test("with a token is refused however deep it lies", () => {
    for (const depth of [65, 1_000, 40_000]) {
      const input = JSON.parse(`${'{"a":'.repeat(depth)}"${jwtLike("deep")}"${"}".repeat(depth)}`);
      expect(() => checkInput(input)).toThrow(expect.objectContaining({ code: "request.input_holds_token" }));
    }
  });

  test("is nested 500 levels at most", () => {
    const nested = (depth: number) => JSON.parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`);
    expect(executionInput(checkInput(nested(maxInputDepth)), "payout", grantWith())).toContain('"a"');
    for (const depth of [maxInputDepth + 1, 40_000]) {
      expect(() => checkInput(nested(depth))).toThrow(
        expect.objectContaining({ code: "request.malformed", field: "input" }),
      );
    }
  });
});

describe("a request's hash", () => {
  test("tells requests apart by workflow and input", () => {
    const hashes = [
      requestHash("a", {}),
      requestHash("b", {}),
      requestHash("a", { x: 1 }),
      requestHash("a", { x: 2 }),
    ];
    expect(new Set(hashes).size).toBe(4);
    expect(requestHash("a", { x: 1 })).toBe(hashes[2]);
  });
});
