import { SFNClient } from "@aws-sdk/client-sfn";
import { ConflictError, UnavailableError } from "@countersign/core/error/errors";
import type { AccountExecutions } from "@countersign/core/reconciler/account-executions";
import { describe, expect, test } from "vitest";
import { loopback } from "../../test-support/dynamodb.ts";
import {
  Hangup,
  type JsonEndpoint,
  type Operations,
  Refusal,
  startJsonEndpoint,
} from "../../test-support/json-endpoint.ts";
import { createAccountExecutions } from "./account-executions.ts";

const stateMachineArn = "arn:aws:states:us-east-1:123456789012:stateMachine:payout";
const executionArn = "arn:aws:states:us-east-1:123456789012:execution:payout:cs-1";
const mapRunArn = "arn:aws:states:us-east-1:123456789012:mapRun:payout/Each:1";
const listed = { executionArn, stateMachineArn, name: "cs-1", status: "RUNNING", startDate: 1770000000.123 };

async function ask<T>(
  operations: Operations,
  question: (account: AccountExecutions) => Promise<T>,
): Promise<{ answer: T; requests: JsonEndpoint["requests"] }> {
  await using endpoint = await startJsonEndpoint(operations);
  const sfn = new SFNClient({ ...loopback, endpoint: endpoint.url, maxAttempts: 1 });
  try {
    return { answer: await question(createAccountExecutions({ sfn })), requests: endpoint.requests };
  } finally {
    sfn.destroy();
  }
}

const refuse = (type: string) => () => {
  throw new Refusal(type);
};
const hangUp = () => {
  throw new Hangup();
};

describe("a list", () => {
  test("of a state machine's executions says status, redrives and dates in milliseconds", async () => {
    const ended = { ...listed, status: "FAILED", stopDate: 1770000005.5, redriveCount: 2 };
    const page = () => ({ executions: [listed, ended], nextToken: "more" });
    const { answer, requests } = await ask({ ListExecutions: page }, (account) =>
      account.list({ stateMachineArn }),
    );
    expect(answer).toEqual({
      executions: [
        { executionArn, status: "RUNNING", startDate: 1770000000123, redriveCount: 0 },
        {
          executionArn,
          status: "FAILED",
          startDate: 1770000000123,
          stopDate: 1770000005500,
          redriveCount: 2,
        },
      ],
      next: "more",
    });
    expect(requests[0]?.input).toEqual({ stateMachineArn, maxResults: 100 });
  });

  test("of those that run, and of a Map run's children, is asked for by them and from a page on", async () => {
    const operations = { ListExecutions: () => ({ executions: [] }) };
    const { requests } = await ask(operations, async (account) => {
      expect(await account.list({ stateMachineArn, only: "RUNNING" }, "more")).toEqual({ executions: [] });
      await account.list({ mapRunArn });
    });
    expect(requests.map(({ input }) => input)).toEqual([
      { stateMachineArn, statusFilter: "RUNNING", maxResults: 1000, nextToken: "more" },
      { mapRunArn, maxResults: 100 },
    ]);
  });

  test("from a page whose token is not taken any more is a conflict", async () => {
    const answer = ask({ ListExecutions: refuse("InvalidToken") }, (account) =>
      account.list({ stateMachineArn }, "old"),
    );
    await expect(answer).rejects.toBeInstanceOf(ConflictError);
  });

  test("that is throttled or breaks off is unavailable", async () => {
    for (const ListExecutions of [refuse("ThrottlingException"), hangUp]) {
      const answer = ask({ ListExecutions }, (account) => account.list({ stateMachineArn }));
      await expect(answer).rejects.toBeInstanceOf(UnavailableError);
    }
  });
});

test("an execution is described with all that its event would have carried", async () => {
  const described = {
    ...listed,
    status: "SUCCEEDED",
    stopDate: 1770000005.5,
    redriveCount: 1,
    redriveDate: 1770000004.25,
    stateMachineVersionArn: `${stateMachineArn}:3`,
    stateMachineAliasArn: `${stateMachineArn}:live`,
    input: '{"a":1}',
    output: "{}",
  };
  const { answer } = await ask({ DescribeExecution: () => described }, (account) =>
    account.details(executionArn),
  );
  expect(answer).toEqual({
    executionArn,
    stateMachineArn,
    stateMachineVersionArn: `${stateMachineArn}:3`,
    stateMachineAliasArn: `${stateMachineArn}:live`,
    status: "SUCCEEDED",
    startDate: 1770000000123,
    stopDate: 1770000005500,
    redriveCount: 1,
    redriveDate: 1770000004250,
    input: '{"a":1}',
    output: "{}",
  });
});

test("an execution that Step Functions does not know has neither details nor milestones nor Map runs", async () => {
  const unknown = refuse("ExecutionDoesNotExist");
  const operations = { DescribeExecution: unknown, GetExecutionHistory: unknown, ListMapRuns: unknown };
  const { answer } = await ask(operations, async (account) => [
    await account.details(executionArn),
    await account.milestones(executionArn),
    await account.mapRuns(executionArn),
  ]);
  expect(answer).toEqual([undefined, [], []]);
});

test("milestones are the starts, redrives and ends of the whole history, read without its data", async () => {
  const event = (type: string, timestamp: number, details: object = {}) => ({
    id: 1,
    type,
    timestamp,
    ...details,
  });
  const pages = [
    {
      events: [
        event("ExecutionStarted", 1770000000.123),
        event("TaskStateEntered", 1770000001),
        event("ExecutionFailed", 1770000002, {
          executionFailedEventDetails: { error: "E", cause: "private" },
        }),
        event("ExecutionRedriven", 1770000060, { executionRedrivenEventDetails: { redriveCount: 1 } }),
      ],
      nextToken: "more",
    },
    {
      events: [
        event("ExecutionTimedOut", 1770000070, { executionTimedOutEventDetails: {} }),
        event("ExecutionRedriven", 1770000080, { executionRedrivenEventDetails: { redriveCount: 2 } }),
        event("ExecutionAborted", 1770000090, { executionAbortedEventDetails: { error: "A" } }),
      ],
    },
  ];
  const { answer, requests } = await ask(
    { GetExecutionHistory: ({ nextToken }) => pages[nextToken === "more" ? 1 : 0] },
    (account) => account.milestones(executionArn),
  );
  expect(answer).toEqual([
    { status: "RUNNING", redriveCount: 0, at: 1770000000123 },
    { status: "FAILED", redriveCount: 0, at: 1770000002000, error: "E" },
    { status: "RUNNING", redriveCount: 1, at: 1770000060000 },
    { status: "TIMED_OUT", redriveCount: 1, at: 1770000070000 },
    { status: "RUNNING", redriveCount: 2, at: 1770000080000 },
    { status: "ABORTED", redriveCount: 2, at: 1770000090000, error: "A" },
  ]);
  expect(requests.map(({ input }) => input["includeExecutionData"])).toEqual([false, false]);
});

test("Map runs of an execution are listed to the last page", async () => {
  const run = (name: string) => ({
    mapRunArn: `${mapRunArn}${name}`,
    executionArn,
    stateMachineArn,
    startDate: 1,
  });
  const { answer } = await ask(
    {
      ListMapRuns: ({ nextToken }) =>
        nextToken ? { mapRuns: [run("b")] } : { mapRuns: [run("a")], nextToken: "n" },
    },
    (account) => account.mapRuns(executionArn),
  );
  expect(answer).toEqual([`${mapRunArn}a`, `${mapRunArn}b`]);
});

test.each([
  ["a distributed Map of Standard children, within a Parallel", "DISTRIBUTED", "STANDARD", true],
  ["a distributed Map of Express children", "DISTRIBUTED", "EXPRESS", false],
  ["an inline Map", "INLINE", undefined, false],
])("%s has children to list: %#", async (_what, Mode, ExecutionType, expected) => {
  const map = { Type: "Map", ItemProcessor: { ProcessorConfig: { Mode, ExecutionType }, States: {} } };
  const definition = JSON.stringify({
    StartAt: "Both",
    States: { Both: { Type: "Parallel", Branches: [{ StartAt: "Each", States: { Each: map } }] } },
  });
  const { answer } = await ask({ DescribeStateMachine: () => ({ stateMachineArn, definition }) }, (account) =>
    account.hasMapChildren(stateMachineArn),
  );
  expect(answer).toBe(expected);
});
