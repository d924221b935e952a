import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { roundsOf, type Span } from "./rounds.ts";

const names = (spans: readonly Span[]) => roundsOf(spans).map((round) => round.spans.map(({ name }) => name));

describe("rounds", () => {
  it("puts what overlaps in one round and what follows in the next", () => {
    const spans = [
      { name: "exchange", from: 4, to: 9 },
      { name: "intent", from: 0, to: 3 },
      { name: "rate", from: 1, to: 2 },
    ];
    expect(names(spans)).toEqual([["intent", "rate"], ["exchange"]]);
  });

  it("counts two rounds beside a slow request, not one", () => {
    const spans = [
      { name: "slow", from: 0, to: 9 },
      { name: "first", from: 1, to: 4 },
      { name: "second", from: 5, to: 8 },
    ];
    expect(names(spans)).toEqual([["slow", "first"], ["second"]]);
  });

  it("takes a request that begins at the end of another as following it", () => {
    const spans = [
      { name: "first", from: 0, to: 2 },
      { name: "second", from: 2, to: 4 },
    ];
    expect(names(spans)).toEqual([["first"], ["second"]]);
  });

  it("is as many as the longest chain, each round overlapping throughout", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 20 })), { maxLength: 12 }),
        (pairs) => {
          const spans = pairs.map(([from, length], index) => ({ name: `${index}`, from, to: from + length }));
          const rounds = roundsOf(spans);
          expect(rounds.length).toBe(longestChain(spans));
          expect(rounds.flatMap((round) => round.spans).length).toBe(spans.length);
          for (const { spans: together } of rounds) {
            const lastStart = Math.max(...together.map(({ from }) => from));
            expect(together.every(({ to }) => to > lastStart)).toBe(true);
          }
        },
      ),
    );
  });
});

function longestChain(spans: readonly Span[]): number {
  const longestTo = (span: Span): number =>
    1 + Math.max(0, ...spans.filter(({ to }) => to <= span.from).map(longestTo));
  return Math.max(0, ...spans.map(longestTo));
}
