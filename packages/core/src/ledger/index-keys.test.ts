import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arnOf, issuer } from "../../test-support/fixtures.ts";
import { buildEntry } from "../entry/build-entry.ts";
import { attributions, type Entry } from "../entry/entry.ts";
import { dayShards, indexKeys, outcomeShards, partitionsOf, periodsOf, timeKey } from "./index-keys.ts";
import type { Question } from "./ledger.ts";

const time: Question = { by: "time" };
const workflow: Question = { by: "workflow", workflow: "payout" };
const day = 86_400_000;

describe("the periods of a window", () => {
  test("are days for time, newest first", () => {
    expect(periodsOf(time, Date.UTC(2026, 0, 30, 23, 59, 59, 999), Date.UTC(2026, 1, 2, 0, 0, 0, 1))).toEqual(
      ["2026-02-02", "2026-02-01", "2026-01-31", "2026-01-30"],
    );
  });

  test("end before the exclusive end of the window", () => {
    expect(periodsOf(time, Date.UTC(2026, 1, 1), Date.UTC(2026, 1, 2))).toEqual(["2026-02-01"]);
    expect(periodsOf(workflow, Date.UTC(2026, 1, 1), Date.UTC(2026, 2, 1))).toEqual(["2026-02"]);
  });

  test("hold the month's last and the next month's first millisecond", () => {
    const first = Date.UTC(2026, 3, 1);
    expect(periodsOf(workflow, first - 1, first)).toEqual(["2026-03"]);
    expect(periodsOf(workflow, first - 1, first + 1)).toEqual(["2026-04", "2026-03"]);
    expect(periodsOf(workflow, first, first + 1)).toEqual(["2026-04"]);
  });

  test("know leap days, and the turn of a year", () => {
    expect(periodsOf(time, Date.UTC(2028, 1, 28), Date.UTC(2028, 2, 1, 1))).toEqual([
      "2028-03-01",
      "2028-02-29",
      "2028-02-28",
    ]);
    expect(periodsOf(time, Date.UTC(2026, 1, 28), Date.UTC(2026, 2, 1, 1))).toEqual([
      "2026-03-01",
      "2026-02-28",
    ]);
    expect(periodsOf(workflow, Date.UTC(2025, 11, 31), Date.UTC(2026, 0, 2))).toEqual(["2026-01", "2025-12"]);
  });

  test("are none for an empty window", () => {
    expect(periodsOf(time, 5, 5)).toEqual([]);
    expect(periodsOf(workflow, 10, 5)).toEqual([]);
  });

  test("are every day (or month) of it, each once", () => {
    const from = fc.integer({ min: 0, max: Date.UTC(2100, 0) });
    fc.assert(
      fc.property(from, fc.integer({ min: 1, max: 400 * day }), (start, length) => {
        const days = periodsOf(time, start, start + length);
        expect(new Set(days).size).toBe(days.length);
        expect(days.toSorted().reverse()).toEqual(days);
        expect(days.length).toBe(Math.floor((start + length - 1) / day) - Math.floor(start / day) + 1);
        const months = new Set(days.map((one) => one.slice(0, 7)));
        expect(periodsOf(workflow, start, start + length)).toEqual([...months]);
      }),
    );
  });
});

const text = fc.string({ minLength: 1, maxLength: 12 });
/** Also as long as the schema lets them be, in characters of up to three bytes each. */
const upTo = (max: number) =>
  fc.oneof(
    text,
    fc.tuple(fc.constantFrom("x", "é", "語"), fc.integer({ min: 1, max })).map(([one, n]) => one.repeat(n)),
    fc.constantFrom("x", "é", "語").map((one) => one.repeat(max)),
  );
const entries: fc.Arbitrary<Entry> = fc
  .record({
    action: fc.constantFrom("execution.authorized", "execution.denied", "execution.started", "token.revoked"),
    outcome: fc.constantFrom("success", "failure", "denied", "unknown"),
    attribution: fc.constantFrom(...attributions),
    sub: text,
    clientId: upTo(1024),
    workflow: upTo(80),
    scopes: fc.array(upTo(256), { maxLength: 4 }),
    recordedAt: fc.integer({ min: 0, max: Date.UTC(2100, 0) }),
    execution: text,
  } as const)
  .map(({ sub, recordedAt, execution, ...fields }) => {
    const fact = {
      executionArn: arnOf(execution),
      startDate: 1,
      redriveCount: 0,
      id: "i",
      source: "gate",
    } as const;
    return buildEntry({ ...fields, ...fact, occurredAt: 0, subject: { iss: issuer, sub } }, recordedAt).entry;
  });

function isDecision({ action, attribution }: Entry): boolean {
  return action !== "token.revoked" && (action !== "execution.started" || attribution === "none");
}

/** The question each index answers of an entry, with the keys the entry has in it. */
function questionsOf(entry: Entry): { question: Exclude<Question, { by: "execution" }>; keys: string[] }[] {
  const keys = indexKeys(entry);
  const { subject, clientId = "", workflow = "" } = entry;
  const one = (key: string | undefined) => (key === undefined ? [] : [key]);
  return [
    { question: { by: "time" }, keys: [keys.day] },
    ...(subject ? [{ question: { by: "subject", subject } as const, keys: one(keys.subject) }] : []),
    { question: { by: "client", clientId }, keys: one(keys.client) },
    { question: { by: "workflow", workflow }, keys: one(keys.workflow) },
    ...(entry.outcome === "success"
      ? []
      : [{ question: { by: "outcome", outcome: entry.outcome } as const, keys: one(keys.outcome) }]),
    ...(entry.scopes ?? []).map((scope) => {
      const partitions: readonly string[] = partitionsOf({ by: "scope", scope }, monthOf(entry));
      return {
        question: { by: "scope", scope } as const,
        keys: keys.scopes.filter((key) => partitions.includes(key)),
      };
    }),
  ];
}

const monthOf = ({ recordedAt }: Entry) => new Date(recordedAt).toISOString().slice(0, 7);

describe("the index keys of an entry", () => {
  test("lie in exactly one partition of each question that should find it", () => {
    fc.assert(
      fc.property(entries, (entry) => {
        for (const { question, keys } of questionsOf(entry)) {
          const [period = ""] = periodsOf(question, entry.recordedAt, entry.recordedAt + 1);
          const isFound = question.by === "time" || question.by === "outcome" || isDecision(entry);
          expect(keys).toHaveLength(isFound ? 1 : 0);
          const partitions = partitionsOf(question, period);
          expect(partitions.filter((partition) => keys.includes(partition))).toHaveLength(keys.length);
        }
      }),
    );
  });

  test("are as short as DynamoDB takes them", () => {
    fc.assert(
      fc.property(entries, (entry) => {
        const { scopes, ...keys } = indexKeys(entry);
        for (const key of [...scopes, ...Object.values(keys)]) {
          expect(Buffer.byteLength(key)).toBeLessThanOrEqual(1024);
        }
      }),
    );
  });

  test("are the value itself up to 512 bytes, and another for every other value", () => {
    const partitionOf = (clientId: string) => partitionsOf({ by: "client", clientId }, "2026-01")[0] ?? "";
    expect(partitionOf("é".repeat(256))).toBe(`CLIENT#${"é".repeat(256)}#2026-01`);
    const long = "é".repeat(257);
    const digest = partitionOf(long).split("#")[1] ?? "";
    expect(digest).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const others = [long, `${long}x`, digest, `_SHA256#${digest}`].map(partitionOf);
    expect(new Set(others).size).toBe(4);
  });

  test("have one row for each scope, however often it is named", () => {
    fc.assert(
      fc.property(entries, (entry) => {
        const { scopes } = indexKeys(entry);
        expect(scopes).toHaveLength(isDecision(entry) ? new Set(entry.scopes).size : 0);
      }),
    );
  });

  test("keep successes out of the outcome index", () => {
    fc.assert(
      fc.property(entries, (entry) => {
        expect(indexKeys(entry).outcome === undefined).toBe(entry.outcome === "success");
      }),
    );
  });

  test("sort by time of recording, however many digits it has", () => {
    const at = fc.integer({ min: 0, max: 9_999_999_999_999 });
    fc.assert(
      fc.property(at, at, (a, b) => {
        if (a !== b) expect(timeKey(a, "z") < timeKey(b, "a")).toBe(a < b);
        expect(timeKey(a) < timeKey(a, "a")).toBe(true);
      }),
    );
  });

  test("spread over every partition of a day and an outcome", () => {
    const partitions = Array.from({ length: 400 }, (_, index) => {
      const fields = { action: "gap.found", outcome: "unknown", source: "reconcile", occurredAt: 0 } as const;
      return indexKeys(buildEntry({ ...fields, id: String(index) }, 0).entry);
    });
    expect(new Set(partitions.map(({ day: key }) => key)).size).toBe(dayShards);
    expect(new Set(partitions.map(({ outcome }) => outcome)).size).toBe(outcomeShards);
  });
});
