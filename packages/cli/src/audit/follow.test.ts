import { type Client, createClient, type Entry } from "@countersign/client/client";
import { ApiError, ConnectionError } from "@countersign/client/errors";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { entryWith } from "../testing/entry.ts";
import { type LedgerServer, serveLedger } from "../testing/ledger-server.ts";
import { type FollowOptions, followEntries, mostFirstPages, overlapMs } from "./follow.ts";

const start = Date.UTC(2026, 10, 24, 4);
let ledger: LedgerServer;
let client: Client;
let stop: AbortController;
let troubles: string[];

beforeEach(async () => {
  ledger = await serveLedger(start);
  client = createClient({ baseUrl: ledger.url, token: () => "token" });
  stop = new AbortController();
  troubles = [];
});
afterEach(() => {
  stop.abort();
  ledger.close();
});

/** Records an entry `seconds` after the start, the API's clock being there unless it is said to be further. */
function record(entryId: string, seconds: number, nowSeconds = seconds): void {
  ledger.now = Math.max(ledger.now, start + nowSeconds * 1_000);
  ledger.entries.push(entryWith({ entryId, recordedAt: start + seconds * 1_000 }));
}

function follow(options: Partial<FollowOptions> = {}) {
  const following = followEntries(client, {
    query: {},
    limit: 10,
    signal: stop.signal,
    onTrouble: ({ message }) => troubles.push(message),
    intervalMs: 1,
    ...options,
  });
  return {
    /** Ids of the next batch; undefined once the following has ended. */
    next: async (): Promise<string[] | undefined> => {
      const { value } = await following.next();
      return (value as Entry[] | undefined)?.map(({ entryId }) => entryId);
    },
  };
}

describe("following", () => {
  it("begins with the newest entries, oldest first, and gives each new one once", async () => {
    for (const [id, seconds] of [
      ["a", 1],
      ["b", 2],
      ["c", 3],
    ] as const)
      record(id, seconds);
    const following = follow({ limit: 2 });
    expect(await following.next()).toEqual(["b", "c"]);
    record("d", 4);
    expect(await following.next()).toEqual(["d"]);
    record("f", 6);
    record("e", 5);
    expect(await following.next()).toEqual(["e", "f"]);
  });

  it("begins with as many as were asked for, not counting those that are not shown", async () => {
    record("a", 1);
    record("b", 2);
    for (let index = 0; index < 150; index += 1) record(`look${index}`, 3 + index / 1_000, 4);
    const following = follow({ limit: 2, isShown: ({ entryId }) => !entryId.startsWith("look") });
    expect(await following.next()).toEqual(["a", "b"]);
    record("c", 5);
    expect(await following.next()).toEqual(["c"]);
  });

  it("looks back no further than so many pages for the entries to begin with", async () => {
    record("far", 1);
    for (let index = 0; index < mostFirstPages * 100; index += 1)
      record(`look${index}`, 2 + index / 1_000, 4);
    const following = follow({ limit: 2, isShown: ({ entryId }) => !entryId.startsWith("look") });
    expect(await following.next()).toEqual([]);
    expect(ledger.received).toHaveLength(mostFirstPages);
    record("new", 5);
    expect(await following.next()).toEqual(["new"]);
  });

  it("gives a first batch though there is nothing yet", async () => {
    const following = follow();
    expect(await following.next()).toEqual([]);
    record("a", 1);
    expect(await following.next()).toEqual(["a"]);
  });

  it("never shows what is older than what it began with, though the windows overlap", async () => {
    record("old", 1);
    record("first", 2);
    const following = follow({ limit: 1 });
    expect(await following.next()).toEqual(["first"]);
    record("next", 3);
    expect(await following.next()).toEqual(["next"]);
  });

  it("never shows what was recorded before the window it was asked for", async () => {
    record("old", 1, 20);
    const following = follow({ query: { from: String(start + 10_000) } });
    record("next", 21);
    expect(await following.next()).toEqual(["next"]);
  });

  it("gives an entry that shows up late, within the overlap", async () => {
    record("a", 0);
    record("b", 100);
    const following = follow();
    expect(await following.next()).toEqual(["a", "b"]);
    record("late", 100 - overlapMs / 1_000 + 1);
    expect(await following.next()).toEqual(["late"]);
  });

  it("asks for no more than the overlap again", async () => {
    record("a", 0);
    record("b", 100);
    const following = follow();
    await following.next();
    record("c", 101);
    await following.next();
    const asked = ledger.received.at(-1)?.url.searchParams.get("from");
    // the window before ended just after its clock
    expect(Number(asked)).toBe(start + 100_001 - overlapMs);
  });

  it("gives all of a batch that is longer than a page", async () => {
    const following = follow();
    record("a", 1);
    expect(await following.next()).toEqual(["a"]);
    const many = Array.from({ length: 250 }, (_, index) => `m${index}`);
    for (const [index, id] of many.entries()) record(id, 2 + index / 1_000, 10);
    const batches = [await following.next()];
    while (batches.flat().length < many.length) batches.push(await following.next());
    expect(batches.flat()).toEqual(many);
  });

  it("keeps the filters in every query", async () => {
    const following = follow({ query: { workflow: "payout" } });
    record("a", 1);
    await following.next();
    record("b", 2);
    await following.next();
    const asked = ledger.received.map(({ url }) => url.searchParams.get("workflow"));
    expect(new Set(asked)).toEqual(new Set(["payout"]));
  });
});

describe("trouble", () => {
  const problem = { code: "store.unavailable", detail: "the ledger does not answer", fix: "wait" };

  it("that passes is told, and nothing is lost or shown twice", async () => {
    record("a", 1);
    const following = follow();
    expect(await following.next()).toEqual(["a"]);
    ledger.troubles.push({ status: 503, body: problem });
    record("b", 2);
    expect(await following.next()).toEqual(["b"]);
    expect(troubles).toEqual(["the ledger does not answer"]);
  });

  it("within a window leaves nothing out", async () => {
    record("a", 0);
    const following = follow();
    await following.next();
    for (let index = 0; index < 150; index += 1) record(`m${index}`, 1 + index / 1_000, 2);
    // the second page fails; the whole window is read again
    let pages = 0;
    const { entryPages } = client;
    client.entryPages = async function* (...args) {
      for await (const page of entryPages(...args)) {
        pages += 1;
        if (pages === 2) throw new ConnectionError("cut off", "wait", undefined);
        yield page;
      }
    };
    const ids = await following.next();
    expect(ids).toHaveLength(150);
    expect(new Set(ids).size).toBe(150);
    expect(troubles).toEqual(["cut off"]);
  });

  it("at the very first query ends it, since nothing shows that it will pass", async () => {
    ledger.troubles.push({ status: 503, body: problem });
    await expect(follow().next()).rejects.toBeInstanceOf(ApiError);
  });

  it("that does not pass ends it", async () => {
    record("a", 1);
    const following = follow();
    await following.next();
    ledger.troubles.push({ status: 403, body: { ...problem, code: "policy.scope_insufficient" } });
    await expect(following.next()).rejects.toMatchObject({ status: 403 });
  });
});

describe("the end", () => {
  it("comes without an error when it is asked for, while waiting or while asking", async () => {
    record("a", 1);
    const following = follow({ intervalMs: 60_000 });
    await following.next();
    const next = following.next();
    stop.abort();
    expect(await next).toBeUndefined();
  });

  it("comes at once when it was asked for before", async () => {
    stop.abort();
    expect(await follow().next()).toBeUndefined();
    expect(ledger.received).toEqual([]);
  });
});
