import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arnOf, startDate, subject } from "../../test-support/fixtures.ts";
import { entryActions } from "./actions.ts";
import { entryId, entryKey, type FactFields, isStatusAction, subjectDigest } from "./entry-key.ts";

const executionArn = arnOf("e");
const begun = String(startDate);

const statusOf = {
  "execution.started": "1#RUNNING",
  "execution.redriven": "1#RUNNING",
  "execution.succeeded": "7#SUCCEEDED",
  "execution.failed": "7#FAILED",
  "execution.timed_out": "7#TIMED_OUT",
  "execution.aborted": "7#ABORTED",
} as const;

describe("the key of an entry", () => {
  test.each(Object.entries(statusOf))("%s lies under its instance, redrive and status", (action, status) => {
    const fact: FactFields = {
      action: action as keyof typeof statusOf,
      executionArn,
      startDate,
      redriveCount: 2,
    };
    expect(entryKey(fact)).toEqual({ pk: `EXECUTION#${executionArn}`, sk: `${begun}#0002#${status}` });
    expect(isStatusAction(fact.action)).toBe(true);
  });

  test("execution.status_changed lies under the status its detail names", () => {
    const fact: FactFields = {
      action: "execution.status_changed",
      executionArn,
      startDate,
      redriveCount: 0,
      detail: { status: "PENDING_REDRIVE" },
    };
    expect(entryKey(fact).sk).toBe(`${begun}#0000#7#PENDING_REDRIVE`);
    expect(() => entryKey({ ...fact, detail: {} })).toThrow(/detail\.status/);
  });

  test("a step lies under its history event, between start and end", () => {
    const step: FactFields = { action: "step.entered", id: "42", executionArn, startDate, redriveCount: 0 };
    expect(entryKey(step).sk).toBe(`${begun}#0000#5#000042#step.entered`);
  });

  test("what the gate did before there was a startDate lies under gate#", () => {
    expect(entryKey({ action: "execution.authorized", id: "g-1", executionArn })).toEqual({
      pk: `EXECUTION#${executionArn}`,
      sk: "gate#g-1#execution.authorized",
    });
  });

  test("what followed the start of an execution lies after its end", () => {
    const fact: FactFields = { action: "token.revoked", id: "g-1", executionArn, startDate, redriveCount: 0 };
    expect(entryKey(fact).sk).toBe(`${begun}#0000#9#g-1#token.revoked`);
  });

  test("a denial without an execution lies under its subject", () => {
    expect(entryKey({ action: "execution.denied", id: "d-1", subject })).toEqual({
      pk: `SUBJECT#${subjectDigest(subject)}`,
      sk: "gate#d-1#execution.denied",
    });
  });

  test("a rotation lies under its secret, and what has no home under SYSTEM#", () => {
    const rotation: FactFields = {
      action: "secret.rotation_started",
      id: "r-1",
      detail: { secret: "idp/client" },
    };
    expect(entryKey(rotation).pk).toBe("SECRET#idp/client");
    expect(entryKey({ action: "gap.found", id: "gap-1" }).pk).toBe("SYSTEM#gap");
  });

  test("every action has a key, and no two actions on one thing have the same one", () => {
    const keys = entryActions.map((action) => {
      const detail = { status: "PENDING_REDRIVE", secret: "s" };
      const { pk, sk } = entryKey({ action, id: "1", executionArn, startDate, redriveCount: 0, detail });
      return `${pk}\n${sk}`;
    });
    // A redrive is a start of the same execution: only redriveCount tells the two apart.
    expect(new Set(keys).size).toBe(entryActions.length - 1);
  });

  test.each([
    ["a status without its instance", { action: "execution.failed", executionArn, redriveCount: 0 }],
    ["a status without its redrive", { action: "execution.failed", executionArn, startDate }],
    ["an action without an id", { action: "token.revoked", executionArn, startDate, redriveCount: 0 }],
    ["an empty id", { action: "execution.denied", id: "", subject }],
    ["a rotation without its secret", { action: "secret.rotation_failed", id: "r-1" }],
  ] as const)("%s is refused", (_name, fact) => {
    expect(() => entryKey(fact as FactFields)).toThrow(TypeError);
  });

  test("within an execution, keys in descending order run from newest to oldest", () => {
    const at = (fact: Omit<FactFields, "executionArn">) => entryKey({ ...fact, executionArn }).sk;
    const newestFirst = [
      at({ action: "execution.started", startDate: startDate + 1, redriveCount: 0 }),
      at({ action: "execution.redriven", startDate, redriveCount: 10 }),
      at({ action: "execution.redriven", startDate, redriveCount: 2 }),
      at({ action: "token.revoked", id: "g", startDate, redriveCount: 0 }),
      at({ action: "execution.failed", startDate, redriveCount: 0 }),
      at({ action: "step.failed", id: "10", startDate, redriveCount: 0 }),
      at({ action: "step.entered", id: "9", startDate, redriveCount: 0 }),
      at({ action: "execution.started", startDate, redriveCount: 0 }),
    ];
    expect(newestFirst.toSorted().reverse()).toEqual(newestFirst);
  });

  test("different facts have different ids", () => {
    const fact = fc.record({
      startDate: fc.nat(5),
      redriveCount: fc.nat(5),
      action: fc.constantFrom(...entryActions),
    });
    fc.assert(
      fc.property(fact, fact, (a, b) => {
        const detail = { status: "PENDING_REDRIVE", secret: "s" };
        const [x, y] = [a, b].map((one) => entryKey({ ...one, executionArn, id: "1", detail }));
        if (x && y) expect(entryId(x) === entryId(y)).toBe(x.pk === y.pk && x.sk === y.sk);
      }),
    );
  });
});

describe("the digest of a subject", () => {
  test("tells apart subjects whose parts run together the same way", () => {
    expect(subjectDigest({ iss: "a", sub: "bc" })).not.toBe(subjectDigest({ iss: "ab", sub: "c" }));
    expect(subjectDigest(subject)).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });
});
