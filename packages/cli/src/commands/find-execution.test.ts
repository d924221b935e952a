import { createClient } from "@countersign/client/client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exitCodes } from "../output/exit-codes.ts";
import { run } from "../program.ts";
import { entryWith } from "../testing/entry.ts";
import { type LedgerServer, serveLedger } from "../testing/ledger-server.ts";
import { memoryTerminal } from "../testing/memory-terminal.ts";
import { findExecution } from "./find-execution.ts";

const now = Date.UTC(2026, 10, 24, 4);
const arn = (name: string) => `arn:aws:states:us-east-1:000000000000:execution:payout:${name}`;
let ledger: LedgerServer;
beforeEach(async () => {
  ledger = await serveLedger(now);
  for (const [index, name] of ["cs-4f1d2c", "cs-4f9900", "cs-77ab01"].entries()) {
    ledger.entries.push(entryWith({ entryId: name, recordedAt: now - index, executionArn: arn(name) }));
  }
});
afterEach(() => ledger.close());

const find = (reference: string) =>
  findExecution(createClient({ baseUrl: ledger.url, token: () => "token" }), reference);

describe("an execution", () => {
  it("is found as the table shows it, among the entries of its workflow", async () => {
    expect(await find("payout/cs-4f9900")).toBe(arn("cs-4f9900"));
    expect(ledger.received.map(({ url }) => url.searchParams.get("workflow"))).toEqual(["payout"]);
  });

  it("is found by a name that the table has cut", async () => {
    expect(await find("payout/cs-77…")).toBe(arn("cs-77ab01"));
  });

  it("is not guessed where a cut name may be that of several", async () => {
    await expect(find("payout/cs-4f…")).rejects.toMatchObject({
      message: "payout/cs-4f… may be any of 2 executions among the newest entries of that workflow",
      exitCode: exitCodes.refused,
    });
  });

  it.each(["payout/cs-4f", "payout/none"])("is not there by the name %s", async (reference) => {
    await expect(find(reference)).rejects.toMatchObject({
      message: `${reference} is no execution among the newest entries of that workflow`,
      fix: 'give its ARN, as in "countersign audit --workflow payout --json | jq -r .executionArn"',
    });
  });

  it("that is given by its ARN is not looked up", async () => {
    expect(await find(arn("cs-4f1d2c"))).toBe(arn("cs-4f1d2c"));
    expect(ledger.received).toEqual([]);
  });
});

describe("commands", () => {
  it.each([
    ["audit", ["audit", "--execution"]],
    ["status", ["status"]],
    ["stop", ["stop"]],
  ])("ask for its ARN: %s", async (_command, args) => {
    const env = { COUNTERSIGN_API: ledger.url, COUNTERSIGN_TOKEN: "opaque-access-token" };
    await run([...args, "payout/cs-77ab01"], memoryTerminal({ env }));
    expect(decodeURIComponent(ledger.received.at(-1)?.url.href ?? "")).toContain(arn("cs-77ab01"));
    expect(ledger.received).toHaveLength(2);
  });
});
