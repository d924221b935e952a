import type { DeadLetter } from "@countersign/core/dead-letter/dead-letter";
import { UnavailableError } from "@countersign/core/error/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { startDate } from "../../../core/test-support/fixtures.ts";
import { MemoryClock } from "../../../core/test-support/memory-clock.ts";
import { MemoryLedger } from "../../../core/test-support/memory-ledger.ts";
import { MemoryDeadLetterQueue } from "../../../core/test-support/memory-queues.ts";
import { call, KnownTokens, MemoryLog, type RequestFacts } from "../../test-support/api.ts";
import { deadLettersHandler } from "./handler.ts";

const clock = new MemoryClock(startDate);
let queue: MemoryDeadLetterQueue;
let ledger: MemoryLedger;
let tokens: KnownTokens;
beforeEach(() => {
  queue = new MemoryDeadLetterQueue();
  ledger = new MemoryLedger(clock);
  tokens = new KnownTokens({ scopes: ["operations:write"] });
});

function handler() {
  const scopes = ["operations:write"];
  return deadLettersHandler({
    clock,
    deadLetters: queue,
    ledger,
    verifier: tokens,
    scopes,
    log: new MemoryLog(),
  });
}
const list = (facts?: RequestFacts) => call(handler(), "GET /operations/dead-letters", facts);
const redrive = (facts?: RequestFacts) => call(handler(), "POST /operations/dead-letters/redrive", facts);

function letter(id: string, change: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id,
    queue: "status-events",
    reason: { code: "store.unavailable", message: "the ledger did not answer" },
    sha256: "x".repeat(43),
    bytes: 2,
    receiveCount: 10,
    at: startDate,
    redrivable: '{"kept":true}',
    ...change,
  };
}
const { redrivable: _, ...lost } = letter("lost");

describe("dead letters", () => {
  test("are listed with what happened, and without what they hold", async () => {
    queue.letters.push(letter("a", { queue: "revocations" }), lost);
    const { status, body, text } = await list();
    expect(status).toBe(200);
    expect(body["deadLetters"]).toEqual([
      {
        id: "a",
        queue: "revocations",
        code: "store.unavailable",
        reason: "the ledger did not answer",
        sha256: "x".repeat(43),
        bytes: 2,
        receiveCount: 10,
        at: startDate,
        redrivable: true,
      },
      expect.objectContaining({ id: "lost", redrivable: false }),
    ]);
    expect(text).not.toContain("kept");
  });

  test("are listed up to the limit, which is 50 unless given", async () => {
    queue.letters.push(...Array.from({ length: 120 }, (_, index) => letter(`l${index}`)));
    const lengthOf = async (query: Record<string, string>) =>
      ((await list({ query })).body["deadLetters"] as unknown[]).length;
    expect(await lengthOf({})).toBe(50);
    expect(await lengthOf({ limit: "100" })).toBe(100);
    expect(await lengthOf({ limit: "1" })).toBe(1);
  });

  test("that are listed are on the record as that, once a minute for the same token", async () => {
    queue.letters.push(letter("a"));
    for (const _ of [1, 2, 3]) expect((await list()).status).toBe(200);
    expect(ledger.only("dead_letter.listed")).toMatchObject({
      outcome: "success",
      subject: { sub: "ada" },
      detail: { results: 1 },
    });
    clock.advance(60_000);
    await list();
    expect(ledger.entries).toHaveLength(2);
  });

  test("are not shown when that can't be recorded", async () => {
    queue.letters.push(letter("a"));
    ledger.append = async () => {
      throw new UnavailableError("store.unavailable", "no answer");
    };
    expect((await list()).status).toBe(503);
  });

  test.each([
    "0",
    "101",
    "-1",
    "1.5",
    "all",
    "",
    " ",
    "0x10",
    "1e1",
  ])("take no limit of %j", async (limit) => {
    expect(await list({ query: { limit } })).toMatchObject({ status: 400, body: { field: "limit" } });
  });
});

describe("a redrive", () => {
  test("sends back what can be sent, says so, and is on the record", async () => {
    queue.letters.push(letter("a"), lost, letter("b"));
    const { status, body } = await redrive();
    expect({ status, body }).toEqual({ status: 200, body: { redriven: ["a", "b"], kept: ["lost"] } });
    expect(queue.letters.map(({ id }) => id)).toEqual(["lost"]);
    expect(ledger.only("dead_letter.redriven")).toMatchObject({
      source: "api",
      subject: { sub: "ada" },
      clientId: "payments-app",
      fingerprint: "v1.k1.inbound",
      detail: { letters: ["a", "b"], kept: ["lost"] },
    });
  });

  test("of some letters leaves the others", async () => {
    queue.letters.push(letter("a"), letter("b"));
    expect((await redrive({ body: { ids: ["b", "unknown"] } })).body).toEqual({ redriven: ["b"], kept: [] });
    expect(queue.letters.map(({ id }) => id)).toEqual(["a"]);
  });

  test("of no letters sends none back, and is on the record as that", async () => {
    queue.letters.push(letter("a"), lost);
    for (const ids of [[], ["lost"], ["unknown"]]) await redrive({ body: { ids } });
    expect(queue.letters).toHaveLength(2);
    expect(ledger.entries.map(({ detail }) => detail)).toEqual([
      { letters: [], kept: [] },
      { letters: [], kept: ["lost"] },
      { letters: [], kept: [] },
    ]);
  });

  test("that can't be recorded sends nothing", async () => {
    queue.letters.push(letter("a"));
    ledger.append = async () => {
      throw new UnavailableError("store.unavailable", "no answer");
    };
    expect((await redrive()).status).toBe(503);
    expect(queue.letters).toHaveLength(1);
  });

  test("that dies on its way has its intent on the record, and the next one finishes it", async () => {
    const redrives = queue.redrive.bind(queue);
    queue.letters.push(letter("a"));
    queue.redrive = async (intend, ...rest) =>
      redrives(
        async (plan) => {
          await intend(plan);
          throw new UnavailableError("store.unavailable", "the queue did not answer");
        },
        ...rest,
      );
    expect((await redrive()).status).toBe(503);
    queue.redrive = redrives;
    expect((await redrive()).body["redriven"]).toEqual(["a"]);
    expect(queue.letters).toEqual([]);
    const intents = ledger.entries.map(({ action, detail }) => [action, detail?.["letters"]]);
    expect(intents).toEqual([
      ["dead_letter.redriven", ["a"]],
      ["dead_letter.redriven", ["a"]],
    ]);
  });

  test("takes a hundred letters in one call, and records them all", async () => {
    queue.letters.push(...Array.from({ length: 101 }, (_, index) => letter(`letter-${index}`)));
    expect((await redrive()).body["redriven"]).toHaveLength(100);
    expect(queue.letters).toHaveLength(1);
    expect(ledger.only("dead_letter.redriven").detail?.["letters"]).toHaveLength(100);
  });

  test("gets past letters that can't be sent, however many lie there, and records how many", async () => {
    const stuck = Array.from({ length: 300 }, (_, index) => ({ ...lost, id: `stuck-${index}` }));
    queue.letters.push(...stuck, letter("a"));
    const { status, body } = await redrive();
    expect([status, body["redriven"]]).toEqual([200, ["a"]]);
    expect(body["kept"]).toEqual(stuck.map(({ id }) => id));
    const { detail } = ledger.only("dead_letter.redriven");
    expect(detail).toMatchObject({ letters: ["a"], keptCount: 300 });
    expect(detail?.["kept"]).toHaveLength(100);
  });

  test.each<[string, unknown, string]>([
    ["text for ids", { ids: "a" }, "ids"],
    ["numbers for ids", { ids: [1] }, "ids"],
    ["null for ids", { ids: null }, "ids"],
    ["too many ids", { ids: Array.from({ length: 101 }, () => "a") }, "ids"],
    ["a field nobody reads", { id: "a" }, "body"],
    ["a list", ["a"], "body"],
  ])("with %s is refused, and nothing is sent", async (_kind, body, field) => {
    queue.letters.push(letter("a"));
    expect(await redrive({ body })).toMatchObject({ status: 400, body: { field } });
    expect(queue.letters).toHaveLength(1);
    expect(ledger.only("dead_letter.redriven")).toMatchObject({
      outcome: "denied",
      error: { code: "request.malformed" },
    });
  });

  test("that the queue does not answer is 503", async () => {
    queue.redrive = async () => {
      throw new UnavailableError("store.unavailable", "no answer");
    };
    expect((await redrive()).status).toBe(503);
    expect(ledger.entries).toEqual([]);
  });
});

describe("the scope of operations", () => {
  test("is needed by both, and lacking it is on the record", async () => {
    queue.letters.push(letter("a"));
    tokens.add("auditor", { scopes: ["audit:read"] });
    for (const ask of [list, redrive]) {
      const { status, headers } = await ask({ token: "auditor" });
      expect(status).toBe(403);
      expect(headers["www-authenticate"]).toContain('scope="operations:write"');
    }
    expect(queue.letters).toHaveLength(1);
    expect(ledger.entries.map(({ action, outcome, error }) => [action, outcome, error?.code])).toEqual([
      ["dead_letter.listed", "denied", "policy.scope_insufficient"],
      ["dead_letter.redriven", "denied", "policy.scope_insufficient"],
    ]);
  });

  test("is nothing one has without a token, and that is no entry", async () => {
    for (const ask of [list, redrive]) expect((await ask({ token: null })).status).toBe(401);
    expect(ledger.entries).toEqual([]);
  });
});
