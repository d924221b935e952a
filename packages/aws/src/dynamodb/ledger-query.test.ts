import { randomUUID } from "node:crypto";
import type { EntryFields } from "@countersign/core/entry/build-entry";
import { buildEntry } from "@countersign/core/entry/build-entry";
import type { Entry } from "@countersign/core/entry/entry";
import { timeKey } from "@countersign/core/ledger/index-keys";
import type { Question } from "@countersign/core/ledger/ledger";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDynamoDB, type TestDynamoDB } from "../../test-support/dynamodb.ts";
import { sampleExecutionArn } from "../../test-support/sample-entries.ts";
import { createLedgerReader, createLedgerWriter } from "./ledger.ts";

const start = Date.UTC(2026, 0, 30, 12);
const end = Date.UTC(2026, 1, 2, 12);
const subjects = ["ada", "bea"].map((sub) => ({ iss: "https://issuer.example", sub }));
const clients = ["c1", "語".repeat(1024)];
const workflows = ["payout", "refund"];
const scopes = ["read", "write", "admin"];
const executions = [0, 1, 2, 3].map((n) => sampleExecutionArn(`run-${n}`));

const entryFields: fc.Arbitrary<EntryFields> = fc
  .record({
    executionArn: fc.constantFrom(...executions),
    subject: fc.constantFrom(...subjects),
    clientId: fc.constantFrom(...clients),
    workflow: fc.constantFrom(...workflows),
    scopes: fc.subarray(scopes),
    occurredAt: fc.integer({ min: start, max: end }),
    kind: fc.constantFrom("authorized", "denied", "started", "failed", "step"),
  })
  .map(({ kind, ...common }): EntryFields => {
    const instance = { startDate: common.occurredAt, redriveCount: 0, source: "event" as const };
    const gate = { id: randomUUID(), source: "gate" as const };
    switch (kind) {
      case "authorized":
        return { ...common, ...gate, action: "execution.authorized", outcome: "success" };
      case "denied":
        return { ...common, ...gate, action: "execution.denied", outcome: "denied" };
      case "started":
        return {
          ...common,
          ...instance,
          action: "execution.started",
          outcome: "success",
          attribution: "none",
        };
      case "failed":
        return { ...common, ...instance, action: "execution.failed", outcome: "failure" };
      default:
        return {
          ...common,
          ...instance,
          action: "step.entered",
          id: "7",
          outcome: "success",
          source: "history",
        };
    }
  });

let db: TestDynamoDB;
let entries: Entry[];
beforeAll(async () => {
  db = await startDynamoDB();
  const recorded = fc.sample(fc.tuple(entryFields, fc.integer({ min: start, max: end })), {
    numRuns: 160,
    seed: 7,
  });
  const stored = new Map<string, Entry>();
  for (const [fields, recordedAt] of recorded) {
    const writer = createLedgerWriter({
      dynamodb: db.client,
      table: db.ledger,
      clock: { now: () => recordedAt },
    });
    const { entryId, result } = await writer.append(fields);
    if (result === "appended") stored.set(entryId, buildEntry(fields, recordedAt).entry);
  }
  entries = [...stored.values()];
});
afterAll(() => db[Symbol.asyncDispose]());

function answers(question: Question, entry: Entry): boolean {
  const decides =
    entry.action === "execution.authorized" ||
    entry.action === "execution.denied" ||
    (entry.action === "execution.started" && entry.attribution === "none");
  switch (question.by) {
    case "time":
      return true;
    case "execution":
      return entry.executionArn === question.executionArn;
    case "outcome":
      return entry.outcome === question.outcome;
    case "subject":
      return decides && entry.subject?.sub === question.subject.sub;
    case "client":
      return decides && entry.clientId === question.clientId;
    case "workflow":
      return decides && entry.workflow === question.workflow;
    case "scope":
      return decides && (entry.scopes ?? []).includes(question.scope);
  }
}

const question: fc.Arbitrary<Question> = fc.oneof(
  fc.constant<Question>({ by: "time" }),
  fc.constantFrom(...executions).map((executionArn): Question => ({ by: "execution", executionArn })),
  fc.constantFrom(...subjects).map((subject): Question => ({ by: "subject", subject })),
  fc.constantFrom(...clients).map((clientId): Question => ({ by: "client", clientId })),
  fc.constantFrom(...workflows).map((workflow): Question => ({ by: "workflow", workflow })),
  fc.constantFrom(...scopes).map((scope): Question => ({ by: "scope", scope })),
  fc
    .constantFrom("denied" as const, "failure" as const)
    .map((outcome): Question => ({ by: "outcome", outcome })),
);

/** Any moment, or the very one an entry was recorded at, or one beside it. */
const moments = fc.oneof(
  fc.integer({ min: start - 10, max: end + 10 }),
  fc
    .tuple(fc.nat(), fc.integer({ min: -1, max: 1 }))
    .map(([index, shift]) => (entries[index % entries.length]?.recordedAt ?? start) + shift),
);
const windows = fc.tuple(moments, moments).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));

async function readAll(asked: Question, window: { from: number; to: number }, sizes: readonly number[]) {
  const reader = createLedgerReader({ dynamodb: db.client, table: db.ledger, clock: { now: () => end } });
  const pages: (readonly Entry[])[] = [];
  let cursor: string | undefined;
  do {
    const limit = sizes[pages.length % sizes.length] ?? 10;
    const page = await reader.query(asked, { ...window, limit, ...(cursor && { cursor }) });
    expect(page.entries.length).toBeLessThanOrEqual(limit);
    if (page.cursor) expect(page.entries).toHaveLength(limit);
    pages.push(page.entries);
    cursor = page.cursor;
  } while (cursor);
  return pages;
}

test("the pages of every question hold exactly the window's entries, each once, newest first", async () => {
  const pageSizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(question, windows, pageSizes, async (asked, window, sizes) => {
      const pages = await readAll(asked, window, asked.by === "time" ? sizes.map((n) => n + 5) : sizes);
      const expected = entries
        .filter(
          (entry) => answers(asked, entry) && entry.recordedAt >= window.from && entry.recordedAt < window.to,
        )
        .sort((a, b) => (place(a) < place(b) ? 1 : -1));
      if (asked.by !== "execution") {
        expect(pages.flat()).toEqual(expected);
        return;
      }
      expect(ids(pages.flat()).sort()).toEqual(ids(expected).sort());
      for (const page of pages) {
        const times = page.map((entry) => entry.occurredAt);
        expect(times).toEqual([...times].sort((a, b) => b - a));
      }
    }),
    { numRuns: 60 },
  );
});

test("a window of years is answered without walking through the years before the ledger", async () => {
  const pages = await readAll(
    { by: "outcome", outcome: "denied" },
    { from: 0, to: Date.UTC(9000, 0, 1) },
    [500],
  );
  expect(pages.flat()).toHaveLength(entries.filter((entry) => entry.outcome === "denied").length);
});

function place(entry: Entry): string {
  return timeKey(entry.recordedAt, entry.entryId);
}

function ids(of: readonly Entry[]): string[] {
  return of.map((entry) => entry.entryId);
}
