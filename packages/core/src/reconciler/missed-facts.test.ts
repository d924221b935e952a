import { describe, expect, test } from "vitest";
import { arnOf, machineArn, startDate } from "../../test-support/fixtures.ts";
import { entryId, entryKey } from "../entry/entry-key.ts";
import type { ExecutionDetails } from "./account-executions.ts";
import { eventOf, expectedFacts, isMissing } from "./missed-facts.ts";

const executionArn = arnOf("one");
const of = { executionArn, startDate };

const detailsWith = (change: Partial<ExecutionDetails> = {}): ExecutionDetails => ({
  ...of,
  stateMachineArn: machineArn,
  status: "RUNNING",
  redriveCount: 0,
  ...change,
});

describe("the facts that must be on the record", () => {
  const statusesOf = (status: string, redriveCount: number) =>
    expectedFacts(detailsWith({ status, redriveCount })).map((fact) => [
      fact.redriveCount,
      fact.statuses.join("|"),
    ]);

  test("are the start of what runs, and start and end of what has ended", () => {
    expect(statusesOf("RUNNING", 0)).toEqual([[0, "RUNNING"]]);
    expect(statusesOf("SUCCEEDED", 0)).toEqual([
      [0, "RUNNING"],
      [0, "SUCCEEDED"],
    ]);
  });

  test("are some end of every redrive before the last", () => {
    expect(statusesOf("RUNNING", 1)).toEqual([
      [0, "RUNNING"],
      [0, "FAILED|TIMED_OUT|ABORTED"],
      [1, "RUNNING"],
    ]);
  });

  test("are not yet those of a redrive that is waited for", () => {
    expect(statusesOf("PENDING_REDRIVE", 0)).toEqual([]);
    expect(statusesOf("PENDING_REDRIVE", 1)).toEqual([
      [0, "RUNNING"],
      [0, "FAILED|TIMED_OUT|ABORTED"],
    ]);
  });

  test("are there under the key of the entry that an event leaves", () => {
    const [, ended] = expectedFacts(detailsWith({ redriveCount: 1 }));
    if (!ended) throw new Error("no end is expected");
    const recorded = entryId(entryKey({ action: "execution.timed_out", ...of, redriveCount: 0 }));
    expect(isMissing(ended, new Set([recorded]))).toBe(false);
    expect(isMissing(ended, new Set())).toBe(true);
  });
});

describe("the event of a missed fact", () => {
  const redriven = { ...of, redriveCount: 1, statuses: ["RUNNING"] };

  test("has the dates that are described before those of the history", () => {
    const details = detailsWith({ redriveCount: 1, redriveDate: startDate + 60_000 });
    const milestones = [{ status: "RUNNING", redriveCount: 1, at: startDate + 60_004 }];
    expect(eventOf(redriven, details, milestones)).toMatchObject({ redriveDate: startDate + 60_000 });
    expect(eventOf(redriven, detailsWith({ redriveCount: 2 }), milestones)).toMatchObject({
      redriveDate: startDate + 60_004,
    });
  });

  test("of an earlier end has that end's error, and nothing of what came out in the end", () => {
    const fact = { ...of, redriveCount: 0, statuses: ["FAILED", "TIMED_OUT", "ABORTED"] };
    const details = detailsWith({ status: "SUCCEEDED", redriveCount: 1, output: "{}", input: "{}" });
    const milestones = [{ status: "FAILED", redriveCount: 0, at: startDate + 5, error: "Payout.Refused" }];
    const event = eventOf(fact, details, milestones);
    expect(event).toMatchObject({ status: "FAILED", stopDate: startDate + 5, error: "Payout.Refused" });
    expect(event).not.toHaveProperty("output");
  });

  test("is not made up where neither description nor history tells of it", () => {
    expect(() => eventOf(redriven, detailsWith({ redriveCount: 2 }), [])).toThrow(
      `the history of "${executionArn}" does not say how redrive 1 came to RUNNING`,
    );
  });
});
