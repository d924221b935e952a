import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { playStory } from "./play.ts";

async function play(tell: (say: (line: string) => void, stop: () => void) => Promise<void>) {
  const lines: string[] = [];
  const stopping = new AbortController();
  const parts = {
    tell: (say: (line: string) => void) => tell(say, () => stopping.abort()),
    showLedger: async () => void lines.push("table"),
  };
  await playStory(parts, (line) => lines.push(stripVTControlCharacters(line).trim()), stopping.signal);
  return lines;
}

describe("a story", () => {
  it("ends with the ledger of it", async () => {
    expect(await play(async (say) => say("fact"))).toEqual(["fact", "The ledger of it", "table"]);
  });

  it("that fails says why, and shows no ledger", async () => {
    const lines = await play(() => Promise.reject(new Error("expected 201, got 500")));
    expect(lines).toEqual(["The story stopped: expected 201, got 500"]);
  });

  it("says nothing more once it is stopped, though its requests fail then", async () => {
    const lines = await play(async (say, stop) => {
      say("before");
      stop();
      throw new TypeError("fetch failed");
    });
    expect(lines).toEqual(["before"]);
  });

  it("is ended by its next line once it is stopped", async () => {
    let isOver = false;
    await play(async (say, stop) => {
      stop();
      say("after");
      isOver = true;
    });
    expect(isOver).toBe(false);
  });

  it("that is stopped at its end shows no ledger", async () => {
    expect(await play(async (_say, stop) => stop())).toEqual([]);
  });
});
