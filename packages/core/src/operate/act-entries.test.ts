import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { startDate, tokenWith } from "../../test-support/fixtures.ts";
import { MemoryClock } from "../../test-support/memory-clock.ts";
import { MemoryLedger } from "../../test-support/memory-ledger.ts";
import { type CountersignError, RefusedError, UnavailableError } from "../error/errors.ts";
import type { VerifiedToken } from "../token/verified-token.ts";
import { actEntry, coalesced, recordingRefusal, refusedEntry } from "./act-entries.ts";

const minute = 60_000;
const refusal = new RefusedError("policy.scope_insufficient", "no");

describe("looks that are coalesced", () => {
  const token: fc.Arbitrary<VerifiedToken> = fc
    .record({
      clientId: fc.constantFrom("a", "b"),
      scopes: fc.constantFrom(["x"], ["x", "y"]),
      fingerprint: fc.constantFrom("v1.k.1", "v1.k.2"),
      actors: fc.constantFrom([], [{ sub: "agent" }]),
      claims: fc.constantFrom({}, { tenant: "acme" }),
    })
    .map(tokenWith);
  const look = fc.record({
    token,
    at: fc.integer({ min: startDate, max: startDate + 3 * minute }),
    isRefused: fc.boolean(),
    results: fc.nat(3),
    asked: fc.constantFrom("this", "that"),
  });

  test("are one entry for each minute, token and question, and never at odds with it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(look, { maxLength: 12 }), async (looks) => {
        const ledger = new MemoryLedger(new MemoryClock(startDate));
        for (const { token: by, at, isRefused, results, asked } of looks) {
          const entry = actEntry("audit.queried", by, at, { detail: { results } });
          await ledger.append(coalesced(isRefused ? refusedEntry(entry, refusal) : entry, asked));
        }
        const apart = looks.map(({ results: _results, at, ...rest }) =>
          JSON.stringify([rest, Math.floor(at / minute)]),
        );
        expect(ledger.entries).toHaveLength(new Set(apart).size);
      }),
    );
  });

  test("are told apart from acts, each of which is an entry", () => {
    const ids = [1, 2].map(() => actEntry("dead_letter.redriven", tokenWith(), startDate).id);
    expect(ids[0]).not.toBe(ids[1]);
  });
});

describe("an act that fails", () => {
  const entryOf = (error: CountersignError) =>
    refusedEntry(actEntry("audit.queried", tokenWith(), startDate), error);
  const failing = (error: Error) => async () => {
    throw error;
  };

  test("is on the record when it was refused", async () => {
    const ledger = new MemoryLedger(new MemoryClock(startDate));
    await expect(recordingRefusal(ledger, entryOf, failing(refusal))).rejects.toBe(refusal);
    expect(ledger.only("audit.queried")).toMatchObject({ outcome: "denied", error: { code: refusal.code } });
  });

  test.each([
    new UnavailableError("store.unavailable", "down"),
    new UnavailableError("store.throttled", "busy"),
    new TypeError("a bug"),
  ])("is no refusal when it is ours to answer for: %s", async (error) => {
    const ledger = new MemoryLedger(new MemoryClock(startDate));
    await expect(recordingRefusal(ledger, entryOf, failing(error))).rejects.toBe(error);
    expect(ledger.entries).toEqual([]);
  });

  test("whose refusal can't be recorded is not answered as refused", async () => {
    const down = new UnavailableError("store.unavailable", "down");
    const ledger = { append: failing(down) };
    await expect(recordingRefusal(ledger, entryOf, failing(refusal))).rejects.toBe(down);
  });
});
