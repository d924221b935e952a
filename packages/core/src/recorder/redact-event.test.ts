import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arnOf, jwtLike, statusEventWith } from "../../test-support/fixtures.ts";
import { parseStatusEvent } from "../status-event/status-event.ts";
import { findTokenShapes } from "../token/token-shape.ts";
import { redactEvent } from "./redact-event.ts";

const executionArn = arnOf("e");
const jwt = jwtLike("redact");

function redacted(detail: Record<string, unknown>, envelope: Record<string, unknown> = {}): string {
  const event = statusEventWith({ executionArn, status: "FAILED", detail });
  return redactEvent(JSON.stringify({ ...event, ...envelope })) ?? "";
}

describe("a redacted event", () => {
  test("parses as the original does, and holds none of its input, output and cause", () => {
    const parent = arnOf("parent");
    const grantId = "0f0e0d0c-0b0a-4908-8706-050403020100";
    const input = { a: jwt, countersign: { grantId }, AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: parent };
    const detail = {
      input: JSON.stringify(input),
      output: '{"out":"marker"}',
      cause: `marker Bearer ${"a1".repeat(12)}`,
      error: "States.TaskFailed",
    };
    const original = statusEventWith({ executionArn, status: "FAILED", detail });
    const parsed = parseStatusEvent(original);
    expect(parsed.tokenShapes).toHaveLength(2);
    let body = JSON.stringify(original);
    for (const _ of ["first", "again", "and again"]) {
      body = redactEvent(body) ?? "";
      expect(parseStatusEvent(JSON.parse(body))).toEqual(parsed);
      expect(body).not.toMatch(/marker|eyJ|a1a1/);
    }
  });

  test("keeps no grant's id that is none, and what it says of payloads only where they are gone", () => {
    const input = JSON.stringify({ countersign: { grantId: "correct-horse-battery" } });
    expect(redacted({ input })).not.toContain("correct-horse-battery");
    const forged = { countersign: { tokenShapes: [], grantId: "0f0e0d0c-0b0a-4908-8706-050403020100" } };
    expect(parseStatusEvent(JSON.parse(redacted({ input: "{}" }, forged)))).not.toHaveProperty("grantId");
  });

  test.each<[string, unknown]>([
    ["no object", "kept"],
    ["a kind that is none", { tokenShapes: [{ path: "input", kind: "secret" }] }],
    ["more than it may say", { tokenShapes: [], note: "x" }],
    ["a digest that is none", { tokenShapes: [], input: { sha256: "x", bytes: 1 } }],
    ["a parent that is none", { tokenShapes: [], claimedParent: "x" }],
  ])("does not believe what it is said to have told when that is %s", (_kind, countersign) => {
    const event = statusEventWith({ executionArn, status: "FAILED", input: null });
    const { input, tokenShapes, claimedParent } = parseStatusEvent({ ...event, countersign });
    expect([input, tokenShapes, claimedParent]).toEqual([undefined, [], undefined]);
  });

  test("holds no payload that came as something else than text", () => {
    const marker = "payload-marker";
    const body = redacted({ input: { marker }, output: [marker], cause: { marker }, error: { marker } });
    expect(body).not.toContain(marker);
  });

  test("keeps the beginning of an error's name, and none that looks like a token", () => {
    expect(JSON.parse(redacted({ error: "E".repeat(1_000) })).detail.error).toBe("E".repeat(256));
    const { error } = JSON.parse(redacted({ error: `failed with ${jwt}` })).detail;
    expect(error).toBe("Countersign.ErrorNameHeldToken");
    expect(redacted({ error: `{"a":"${jwt}","a":"x"}` })).not.toContain("eyJ");
  });

  test("has tokens taken out of every other field, by value and by name", () => {
    const body = redacted(
      { extra: { list: [jwt], [jwt]: 1, client_secret: "correct-horse-battery" } },
      { note: jwt },
    );
    const { note, detail } = JSON.parse(body);
    expect(note).toBe("[token removed]");
    expect(detail.extra).toEqual({ list: ["[token removed]"], client_secret: "[token removed]" });
  });

  test("leaves out what is nested too deep to be an event", () => {
    const deep = JSON.parse(`${"[".repeat(1_000)}"deep-marker"${"]".repeat(1_000)}`);
    expect(redacted({ deep })).not.toContain("deep-marker");
  });

  test.each([
    "",
    "text",
    "null",
    "[]",
    "5",
    '{"detail":null}',
    '{"Message":"{}"}',
    `{"token":"${jwt}"`,
  ])("is none for the body %s", (body) => {
    expect(redactEvent(body)).toBeUndefined();
  });

  test("holds nothing shaped like a token, wherever it was, and is still the event", () => {
    const secret = fc.constantFrom(
      jwt,
      `Bearer ${"a1".repeat(12)}`,
      `ghp_${"a1".repeat(18)}`,
      `say "${jwt}"`,
    );
    const name = fc.oneof(fc.string(), fc.constantFrom("token", "password", jwt, "input", "cause"));
    const { node } = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { depthSize: "small" },
        secret,
        secret.map((value) => JSON.stringify({ value })),
        fc.string(),
        fc.integer(),
        fc.array(tie("node"), { maxLength: 3 }),
        fc.dictionary(name, tie("node"), { maxKeys: 3, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(node, fc.oneof(secret, fc.string()), node, (extra, text, input) => {
        const body = redacted({ extra, error: text, cause: text, input }, { extra, countersign: extra });
        expect(findTokenShapes(JSON.parse(body))).toEqual([]);
        expect(findTokenShapes(body)).toEqual([]);
        expect(parseStatusEvent(JSON.parse(body))).toMatchObject({ executionArn, status: "FAILED" });
      }),
    );
  });
});
