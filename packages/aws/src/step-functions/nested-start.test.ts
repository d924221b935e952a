import { SFNClient } from "@aws-sdk/client-sfn";
import { UnavailableError } from "@countersign/core/error/errors";
import { describe, expect, test } from "vitest";
import { loopback } from "../../test-support/dynamodb.ts";
import {
  type JsonEndpoint,
  type Operations,
  Refusal,
  startJsonEndpoint,
} from "../../test-support/json-endpoint.ts";
import { createExecutionReader } from "./executions.ts";

const base = "arn:aws:states:us-east-1:123456789012:execution";
const parent = `${base}:payout:cs-1`;
const child = `${base}:ship:3f1c`;
/** In seconds, as the wire has it. */
const started = 1770000000;
const within = { from: (started - 60) * 1000, to: (started + 60) * 1000 };

async function ask(
  operations: Operations,
  look: (requests: JsonEndpoint["requests"]) => void = () => undefined,
): Promise<boolean> {
  await using endpoint = await startJsonEndpoint(operations);
  const sfn = new SFNClient({ ...loopback, endpoint: endpoint.url, maxAttempts: 1 });
  try {
    return await createExecutionReader({ sfn }).hasStarted(parent, child, within);
  } finally {
    sfn.destroy();
    look(endpoint.requests);
  }
}

const event = (type: string, details: object, timestamp = started + 0.2) => ({
  id: 5,
  type,
  timestamp,
  [`${type[0]?.toLowerCase()}${type.slice(1)}EventDetails`]: details,
});
const startOf = (resource: string, output: unknown = { ExecutionArn: child }, resourceType = "states") => ({
  resourceType,
  resource,
  output: JSON.stringify(output),
});
const holding = (...events: object[]) => ({ GetExecutionHistory: () => ({ events }) });

describe("a parent's history", () => {
  test.each([
    ["the submission of .sync:2", event("TaskSubmitted", startOf("startExecution.sync:2"))],
    ["the submission of .sync", event("TaskSubmitted", startOf("startExecution.sync"))],
    ["the submission of a callback", event("TaskSubmitted", startOf("startExecution.waitForTaskToken"))],
    ["the success of a request response", event("TaskSucceeded", startOf("startExecution"))],
    [
      "a call by the SDK integration",
      event("TaskSucceeded", startOf("startExecution", undefined, "aws-sdk:sfn")),
    ],
  ])("proves a start by %s", async (_what, found) => {
    expect(await ask(holding(event("TaskStateExited", {}), found))).toBe(true);
  });

  test.each([
    [
      "another execution",
      event("TaskSubmitted", startOf("startExecution.sync", { ExecutionArn: `${child}2` })),
    ],
    [
      "a Task of another service",
      event("TaskSucceeded", startOf("invoke", { ExecutionArn: child }, "lambda")),
    ],
    ["another call", event("TaskSucceeded", startOf("startExecutionLater"))],
    [
      "a state's own output",
      event("TaskStateExited", { name: "A", output: JSON.stringify({ ExecutionArn: child }) }),
    ],
    ["an intent", event("TaskScheduled", { ...startOf("startExecution"), parameters: `{"Name":"3f1c"}` })],
    ["a submission before its time", event("TaskSubmitted", startOf("startExecution.sync"), started - 61)],
    ["a submission after its time", event("TaskSubmitted", startOf("startExecution.sync"), started + 61)],
    ["output that is no JSON", event("TaskSubmitted", { ...startOf("startExecution"), output: "{" })],
  ])("proves nothing by %s", async (_what, found) => {
    expect(await ask(holding(found))).toBe(false);
  });

  test("is read newest first, page by page, back to the start of the time and no further", async () => {
    const pages = [
      { events: [event("WaitStateEntered", {}, started + 600)], nextToken: "a" },
      { events: [event("WaitStateEntered", {}, started)], nextToken: "b" },
      { events: [event("WaitStateEntered", {}, started - 61)], nextToken: "c" },
      { events: [event("TaskSubmitted", startOf("startExecution"))] },
    ];
    const tokens: unknown[] = [];
    const answer = await ask({ GetExecutionHistory: () => pages.shift() }, (requests) => {
      tokens.push(...requests.map(({ input }) => input["nextToken"]));
      expect(requests[0]?.input).toMatchObject({ reverseOrder: true, includeExecutionData: true });
    });
    expect(answer).toBe(false);
    expect(tokens).toEqual([undefined, "a", "b"]);
  });

  test("finds the start on a later page", async () => {
    const pages = [
      { events: [], nextToken: "a" },
      { events: [event("TaskSubmitted", startOf("startExecution.sync"))], nextToken: "b" },
    ];
    expect(await ask({ GetExecutionHistory: () => pages.shift() })).toBe(true);
  });

  test("that has no end proves nothing, after fifty pages", async () => {
    let asked = 0;
    const endless = () => ({ events: [event("WaitStateEntered", {})], nextToken: `t${asked++}` });
    expect(await ask({ GetExecutionHistory: endless })).toBe(false);
    expect(asked).toBe(50);
  });

  test.each(["ExecutionDoesNotExist", "InvalidArn"])("of no execution (%s) proves nothing", async (type) => {
    const refuse = () => {
      throw new Refusal(type);
    };
    expect(await ask({ GetExecutionHistory: refuse })).toBe(false);
  });

  test("that can't be read now is asked for again later", async () => {
    const throttle = () => {
      throw new Refusal("ThrottlingException");
    };
    await expect(ask({ GetExecutionHistory: throttle })).rejects.toBeInstanceOf(UnavailableError);
  });
});
