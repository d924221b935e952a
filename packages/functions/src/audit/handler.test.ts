import type { EntryFields } from "@countersign/core/entry/build-entry";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { arnOf, issuer, jwtLike, startDate, subject } from "../../../core/test-support/fixtures.ts";
import { MemoryClock } from "../../../core/test-support/memory-clock.ts";
import { MemoryLedger } from "../../../core/test-support/memory-ledger.ts";
import { call, KnownTokens, MemoryLog } from "../../test-support/api.ts";
import { auditHandler } from "./handler.ts";

const route = "GET /audit/entries";
const day = 86_400_000;

let clock: MemoryClock;
let ledger: MemoryLedger;
/** Where looks are recorded; apart, so that what is looked at is only what a test put there. */
let record: MemoryLedger;
let tokens: KnownTokens;
beforeEach(() => {
  clock = new MemoryClock(startDate);
  ledger = new MemoryLedger(clock);
  record = new MemoryLedger(clock);
  tokens = new KnownTokens({ scopes: ["audit:read"] });
});

const get = (query?: Record<string, string>, token?: string | null) =>
  call(
    auditHandler({
      clock,
      reader: ledger,
      ledger: record,
      verifier: tokens,
      scopes: ["audit:read"],
      log: new MemoryLog(),
    }),
    route,
    { ...(query && { query }), ...(token !== undefined && { token }) },
  );
const ids = ({ body }: { body: Record<string, unknown> }) =>
  (body["entries"] as { id: string }[]).map(({ id }) => id);

/** Records a decision one millisecond after the one before. */
async function decided(id: string, change: Partial<EntryFields> = {}) {
  clock.advance(1);
  await ledger.append({
    action: "execution.authorized",
    outcome: "success",
    source: "gate",
    attribution: "gate",
    id,
    occurredAt: clock.now(),
    subject,
    clientId: "payments-app",
    scopes: ["payout:start"],
    workflow: "payout",
    executionArn: arnOf(id),
    redriveCount: 0,
    ...change,
  });
}

const denied = { action: "execution.denied", outcome: "denied" } as const;

describe("a query", () => {
  test("without filters is all of the last week, newest first, whole and as recorded", async () => {
    await decided("old");
    clock.advance(8 * day);
    await decided("a");
    await decided("b");
    const answer = await get();
    expect(ids(answer)).toEqual(["b", "a"]);
    expect(answer.body["entries"]).toEqual(ledger.entries.slice(1).toReversed());
    expect(answer.body).toMatchObject({ from: clock.now() + 1 - 7 * day, to: clock.now() + 1 });
    expect(answer.body).not.toHaveProperty("cursor");
  });

  test("by a key looks back to the beginning", async () => {
    await decided("old");
    clock.advance(400 * day);
    expect(ids(await get({ executionArn: arnOf("old") }))).toEqual(["old"]);
    expect(ids(await get({ workflow: "payout" }))).toEqual(["old"]);
  });

  test.each<[string, Record<string, string>, string[]]>([
    ["execution", { executionArn: arnOf("eve") }, ["eve"]],
    ["subject", { iss: issuer, sub: "eve" }, ["eve"]],
    ["client", { clientId: "other-app" }, ["app"]],
    ["scope", { scope: "payout:admin" }, ["scope"]],
    ["workflow", { workflow: "refund" }, ["flow"]],
    ["outcome", { outcome: "denied" }, ["flow", "app"]],
    ["action", { action: "execution.denied" }, ["flow", "app"]],
    ["attribution", { attribution: "none" }, ["none"]],
    ["outcome and workflow", { outcome: "denied", workflow: "payout" }, ["app"]],
    ["subject and outcome", { iss: issuer, sub: "ada", outcome: "success" }, ["none", "scope"]],
    [
      "subject, client and action",
      { iss: issuer, sub: "ada", clientId: "other-app", action: "execution.denied" },
      ["app"],
    ],
    ["scope and a workflow that has none of it", { scope: "payout:admin", workflow: "refund" }, []],
    ["execution and another subject", { executionArn: arnOf("eve"), iss: issuer, sub: "ada" }, []],
    [
      "execution and the same sub at another issuer",
      { executionArn: arnOf("eve"), iss: "https://other.example", sub: "eve" },
      [],
    ],
    ["the same sub at another issuer", { iss: "https://other.example", sub: "eve" }, []],
  ])("by %s finds what passes every filter and nothing else", async (_kind, query, expected) => {
    await decided("eve", { subject: { iss: issuer, sub: "eve" } });
    await decided("app", { ...denied, clientId: "other-app" });
    await decided("scope", { scopes: ["payout:start", "payout:admin"] });
    await decided("flow", { ...denied, workflow: "refund" });
    await decided("none", { attribution: "none" });
    expect(ids(await get(query))).toEqual(expected);
  });

  test.each([
    String,
    (at: number) => new Date(at).toISOString(),
  ])("takes from as inclusive and to as exclusive, in milliseconds or ISO 8601", async (write) => {
    for (const id of ["a", "b", "c"]) await decided(id);
    expect(ids(await get({ from: write(clock.now() - 1), to: write(clock.now()) }))).toEqual(["b"]);
    expect(ids(await get({ from: write(clock.now() - 1) }))).toEqual(["c", "b"]);
  });
});

describe("pages", () => {
  /** Follows the cursor to the end, with the window of the first answer. */
  async function follow(query: Record<string, string>) {
    const pages: string[][] = [];
    let cursor: string | undefined;
    let window = {};
    do {
      const { body } = await get({ ...query, ...window, ...(cursor && { cursor }) });
      window = { from: String(body["from"]), to: String(body["to"]) };
      pages.push(ids({ body }));
      cursor = body["cursor"] as string | undefined;
      clock.advance(1_000);
      await decided(`late-${pages.length}`);
    } while (cursor !== undefined);
    return pages;
  }

  test("hold each entry once, whatever is recorded meanwhile", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 12 }),
        fc.integer({ min: 1, max: 5 }),
        async (count, limit) => {
          clock = new MemoryClock(startDate);
          ledger = new MemoryLedger(clock);
          record = new MemoryLedger(clock);
          const recorded = Array.from({ length: count }, (_, index) => `e${index}`);
          for (const id of recorded) await decided(id);
          const pages = await follow({ limit: String(limit), workflow: "payout" });
          expect(pages.flat()).toEqual(recorded.toReversed());
          for (const page of pages) expect(page.length).toBeLessThanOrEqual(limit);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("are filled by a filter that little passes, from as many reads as that takes, and no fuller", async () => {
    for (let index = 0; index < 9; index += 1) {
      await decided(`e${index}`, [6, 4, 3, 0].includes(index) ? { attribution: "none" } : {});
    }
    const pages = await follow({ limit: "2", attribution: "none", workflow: "payout" });
    expect(pages).toEqual([
      ["e6", "e4"],
      ["e3", "e0"],
    ]);
  });

  test("come short with a cursor rather than late, and the rest is found behind it", async () => {
    await decided("first", { attribution: "none" });
    for (let index = 0; index < 25; index += 1) await decided(`e${index}`);
    const pages = await follow({ limit: "1", attribution: "none", workflow: "payout" });
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.flat()).toEqual(["first"]);
  });

  test("go on only within their own question and window", async () => {
    for (const id of ["a", "b"]) await decided(id);
    const { body } = await get({ limit: "1", workflow: "payout" });
    const cursor = String(body["cursor"]);
    const window = { from: String(body["from"]), to: String(body["to"]) };
    for (const query of [
      { clientId: "payments-app", ...window },
      { workflow: "payout", from: "5", to: window.to },
    ]) {
      expect(await get({ ...query, limit: "1", cursor })).toMatchObject({
        status: 400,
        body: { field: "cursor" },
      });
    }
  });
});

test("a client is found by a name as long as names can be", async () => {
  const clientId = "語".repeat(1024);
  await decided("long", { clientId });
  await decided("short");
  expect(ids(await get({ clientId }))).toEqual(["long"]);
});

test.each<[string, Record<string, string>, string]>([
  ["an unknown filter", { subject: "ada" }, "subject"],
  ["a name of every object", { toString: "x" }, "toString"],
  ["an execution that is no ARN", { executionArn: "payout" }, "executionArn"],
  ["iss alone", { iss: issuer }, "sub"],
  ["sub alone", { sub: "ada" }, "iss"],
  ["an unknown outcome", { outcome: "good" }, "outcome"],
  ["an unknown action", { action: "execution.begun" }, "action"],
  ["an unknown attribution", { attribution: "unattributed" }, "attribution"],
  ["an empty filter", { workflow: "" }, "workflow"],
  ["a workflow that is too long", { workflow: "x".repeat(81) }, "workflow"],
  ["a scope that is too long", { scope: "x".repeat(257) }, "scope"],
  ["a client that is too long", { clientId: "é".repeat(1025) }, "clientId"],
  ["an execution that is too long", { executionArn: `arn:${"x".repeat(2040)}` }, "executionArn"],
  ["from that is no time", { from: "yesterday" }, "from"],
  ["from that is not ISO 8601", { from: "Jan 5 2026" }, "from"],
  ["to that is no time", { to: "-1" }, "to"],
  ["from after to", { from: "2026-01-02", to: "2026-01-01" }, "from"],
  ["from at to", { from: "5", to: "5" }, "from"],
  ["limit 0", { limit: "0" }, "limit"],
  ["limit 101", { limit: "101" }, "limit"],
  ["half a limit", { limit: "1.5" }, "limit"],
  ["no number for a limit", { limit: "all" }, "limit"],
  ["an empty limit", { limit: "" }, "limit"],
  ["a limit in hexadecimal", { limit: "0x10" }, "limit"],
  ["two limits", { limit: "5,5" }, "limit"],
])("%s is refused by name", async (_kind, query, field) => {
  const { status, body } = await get(query);
  expect({ status, code: body["code"], field: body["field"] }).toEqual({
    status: 400,
    code: "request.malformed",
    field,
  });
  expect(body["detail"]).toMatch(new RegExp(`^"${field}" `));
});

test("a refusal does not repeat a value that is a token", async () => {
  for (const name of ["from", "outcome", "limit", "executionArn"]) {
    expect((await get({ [name]: jwtLike("a") })).text).not.toContain("eyJ");
  }
});

describe("the audit scope", () => {
  test("is required, before a query is even looked at", async () => {
    tokens.add("starter", { scopes: ["payout:start"] });
    const { status, headers } = await get({ nonsense: "x" }, "starter");
    expect(status).toBe(403);
    expect(headers["www-authenticate"]).toContain('scope="audit:read"');
  });

  test("is nothing one has without a token", async () => {
    expect((await get({}, null)).status).toBe(401);
    expect((await get({}, "unknown")).status).toBe(401);
  });
});
