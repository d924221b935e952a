import { describe, expect, test } from "vitest";
import {
  createMachine,
  ended,
  eventually,
  history,
  openHarness,
  start,
  testRole,
} from "../testing/harness.ts";
import { invokeResource, lambdaTask } from "../testing/table.ts";
import { virtualClock } from "../testing/virtual-clock.ts";

describe("interpreting a state machine", () => {
  test("history has the API's links, details and dates", async () => {
    const harness = openHarness();
    const machine = await createMachine(harness, {
      QueryLanguage: "JSONata",
      StartAt: "A",
      States: {
        A: {
          Type: "Task",
          Resource: invokeResource,
          Arguments: { FunctionName: "charge", Payload: 1 },
          Assign: { v: { n: 1 } },
          TimeoutSeconds: 9,
          End: true,
        },
      },
    });
    const arn = await start(harness, machine, { a: 1 });
    await ended(harness, arn);
    const output = JSON.stringify({ ExecutedVersion: "$LATEST", Payload: 1, StatusCode: 200 });
    const truncated = { truncated: false };
    const lambda = { resourceType: "lambda", resource: "invoke" };
    const at = { timestamp: 1767323045.678 };
    expect(await history(harness, arn)).toEqual([
      {
        ...at,
        id: 1,
        previousEventId: 0,
        type: "ExecutionStarted",
        executionStartedEventDetails: { input: '{"a":1}', inputDetails: truncated, roleArn: testRole },
      },
      {
        ...at,
        id: 2,
        previousEventId: 0,
        type: "TaskStateEntered",
        stateEnteredEventDetails: { name: "A", input: '{"a":1}', inputDetails: truncated },
      },
      {
        ...at,
        id: 3,
        previousEventId: 2,
        type: "TaskScheduled",
        taskScheduledEventDetails: {
          ...lambda,
          region: "us-east-1",
          parameters: '{"FunctionName":"charge","Payload":1}',
          timeoutInSeconds: 9,
        },
      },
      { ...at, id: 4, previousEventId: 3, type: "TaskStarted", taskStartedEventDetails: lambda },
      {
        ...at,
        id: 5,
        previousEventId: 4,
        type: "TaskSucceeded",
        taskSucceededEventDetails: { ...lambda, output, outputDetails: truncated },
      },
      {
        ...at,
        id: 6,
        previousEventId: 5,
        type: "TaskStateExited",
        stateExitedEventDetails: {
          name: "A",
          output,
          outputDetails: truncated,
          assignedVariables: { v: '{"n":1}' },
          assignedVariablesDetails: truncated,
        },
      },
      {
        ...at,
        id: 7,
        previousEventId: 6,
        type: "ExecutionSucceeded",
        executionSucceededEventDetails: { output, outputDetails: truncated },
      },
    ]);
    await harness.close();
  });

  test("an endless loop fails at 25000 events and lets others have their turn", async () => {
    const harness = openHarness();
    const machine = await createMachine(harness, {
      StartAt: "A",
      States: {
        A: { Type: "Pass", Next: "B" },
        B: { Type: "Choice", Choices: [{ Variable: "$.go", IsPresent: true, Next: "C" }], Default: "A" },
        C: { Type: "Succeed" },
      },
    });
    const arn = await start(harness, machine);
    const described = await ended(harness, arn);
    expect(described).toMatchObject({
      status: "FAILED",
      error: "States.Runtime",
      cause: "The execution reached the maximum number of history events (25000).",
    });
    const { events } = await harness.call<{ events: object[] }>("GetExecutionHistory", {
      executionArn: arn,
      reverseOrder: true,
      maxResults: 1,
    });
    expect(events).toMatchObject([{ id: 25_000, previousEventId: 24_999, type: "ExecutionFailed" }]);
    await harness.close();
  });

  test("StopExecution ends a wait, and no later state runs", async () => {
    const harness = openHarness({ clock: virtualClock(0, true) });
    const machine = await createMachine(harness, {
      StartAt: "A",
      States: { A: { Type: "Wait", Seconds: 60, Next: "B" }, B: { ...lambdaTask(), End: true } },
    });
    const arn = await start(harness, machine);
    await eventually(async () => ((await history(harness, arn)).length === 2 ? true : undefined));
    await harness.call("StopExecution", { executionArn: arn, error: "Why", cause: "because" });
    expect(await ended(harness, arn)).toMatchObject({ status: "ABORTED", error: "Why", cause: "because" });
    await eventually(() => (harness.published.length === 2 ? true : undefined));
    expect((await history(harness, arn)).at(-1)).toMatchObject({
      id: 3,
      previousEventId: 0,
      type: "ExecutionAborted",
      executionAbortedEventDetails: { error: "Why", cause: "because" },
    });
    expect(harness.invocations).toEqual([]);
    await harness.close();
  });

  test("StopExecution during a call drops the call's answer", async () => {
    let answer: (() => void) | undefined;
    const harness = openHarness({
      invoke: () =>
        new Promise((resolve) => {
          answer = () => resolve({ payload: 1 });
        }),
    });
    const machine = await createMachine(harness, {
      StartAt: "A",
      States: { A: { ...lambdaTask(), Next: "B" }, B: { Type: "Succeed" } },
    });
    const arn = await start(harness, machine);
    const resolve = await eventually(() => answer);
    await harness.call("StopExecution", { executionArn: arn });
    resolve();
    await harness.close();
    const events = await history(harness, arn);
    expect(events.map(({ type }) => type)).toEqual([
      "ExecutionStarted",
      "TaskStateEntered",
      "TaskScheduled",
      "TaskStarted",
      "ExecutionAborted",
    ]);
  });
});
