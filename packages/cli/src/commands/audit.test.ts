import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { run } from "../program.ts";
import { entryWith, executionArn } from "../testing/entry.ts";
import { type LedgerServer, serveLedger } from "../testing/ledger-server.ts";
import { memoryTerminal } from "../testing/memory-terminal.ts";

const now = Date.UTC(2026, 10, 24, 4);
let ledger: LedgerServer;
beforeEach(async () => {
  ledger = await serveLedger(now);
});
afterEach(() => ledger.close());

function audit(args: readonly string[], width: number | undefined) {
  const closed = new AbortController();
  const env = { COUNTERSIGN_API: ledger.url, COUNTERSIGN_TOKEN: "opaque-access-token" };
  const terminal = memoryTerminal({ env, width, closed: closed.signal });
  const running = run(["audit", ...args], terminal);
  return { terminal, running, close: () => closed.abort(), out: () => terminal.printed.join("") };
}

describe("following on a terminal", () => {
  it("shows the head at once, though nothing is there but looks at the ledger", async () => {
    ledger.entries.push(entryWith({ action: "audit.queried", recordedAt: now }));
    const { running, close, out } = audit(["--follow"], 100);
    await vi.waitUntil(() => out() !== "", { timeout: 10_000 });
    close();
    await running;
    expect(out()).toMatch(/^TIME /);
    expect(out().trimEnd().split("\n")).toHaveLength(2);
  });
});

describe("the list", () => {
  it.each(["none", "unattributed"])("is of unattributed executions by the word %s", async (word) => {
    expect(await audit(["--attribution", word], 100).running).toBe(0);
    expect(ledger.received[0]?.url.searchParams.get("attribution")).toBe("none");
  });

  it("has no head without an entry", async () => {
    const { running, terminal, out } = audit([], 100);
    expect(await running).toBe(0);
    expect(out()).toBe("");
    expect(terminal.noticed).toEqual(["no entries"]);
  });

  it("names executions by their whole ARN where no terminal cuts it, to be used again", async () => {
    ledger.entries.push(entryWith({ recordedAt: now }));
    const { running, out } = audit([], undefined);
    await running;
    expect(out()).toContain(` ${executionArn} `);
  });
});
