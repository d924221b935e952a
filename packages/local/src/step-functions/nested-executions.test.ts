import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "../wire/database.ts";
import type { Json } from "./json.ts";
import {
  createMachine,
  ended,
  eventually,
  type Harness,
  history,
  openHarness,
  start,
} from "./testing/harness.ts";
import { lambdaTask, never, one, pass } from "./testing/table.ts";
import { virtualClock } from "./testing/virtual-clock.ts";

const childMachine = "arn:aws:states:us-east-1:000000000000:stateMachine:child";
const parentOf = (pattern: string, more: object = {}) =>
  one({
    Type: "Task",
    Resource: `arn:aws:states:::states:startExecution${pattern}`,
    Parameters: {
      StateMachineArn: childMachine,
      Input: { "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id", "n.$": "$.n" },
    },
    ...more,
  });

async function startParent(harness: Harness, child: object, parent: object, input: Json = { n: 1 }) {
  await createMachine(harness, child, "child");
  return start(harness, await createMachine(harness, parent, "parent"), input);
}

/** ARNs of the child machine's executions. */
async function children(harness: Harness): Promise<string[]> {
  const { executions } = await harness.call<{ executions: { executionArn: string }[] }>("ListExecutions", {
    stateMachineArn: childMachine,
    maxResults: 1000,
  });
  return executions.map(({ executionArn }) => executionArn);
}

const firstChild = (harness: Harness) => eventually(async () => (await children(harness))[0]);
const called = (harness: Harness) => eventually(() => (harness.invocations.length > 0 ? true : undefined));
const types = async (harness: Harness, arn: string) => (await history(harness, arn)).map(({ type }) => type);

describe("a nested execution", () => {
  test("is in its parent's history as soon as it exists, by the integration's name", async () => {
    const harness = openHarness({ invoke: never });
    const parent = await startParent(harness, one(lambdaTask()), parentOf(".sync:2"));
    const child = await firstChild(harness);
    const events = await history(harness, parent);
    const [scheduled, started, submitted] = events.slice(2);
    const named = { resourceType: "states", resource: "startExecution.sync:2" };
    expect(scheduled).toMatchObject({
      type: "TaskScheduled",
      taskScheduledEventDetails: { ...named, region: "us-east-1" },
    });
    expect(started).toMatchObject({ type: "TaskStarted", taskStartedEventDetails: named });
    expect(submitted).toMatchObject({ type: "TaskSubmitted", taskSubmittedEventDetails: named });
    expect(JSON.parse(String(submitted?.["taskSubmittedEventDetails"]?.["output"]))).toEqual({
      ExecutionArn: child,
      StartDate: harness.clock.now(),
    });
    await harness.close();
  });

  test("has status events and an input of its own, which names its parent if it is told to", async () => {
    const harness = openHarness();
    const parent = await startParent(harness, one(pass()), parentOf(".sync"));
    await ended(harness, parent);
    const [child = ""] = await children(harness);
    const own = await eventually(() => {
      const found = harness.published.filter(({ detail }) => detail.executionArn === child);
      return found.length === 2 ? found : undefined;
    });
    expect(own.map(({ detail }) => detail.status)).toEqual(["RUNNING", "SUCCEEDED"]);
    expect(JSON.parse(own[0]?.detail.input ?? "")).toEqual({
      AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: parent,
      n: 1,
    });
    await harness.close();
  });

  test.each([".sync", ".sync:2"])("is stopped with the parent that awaits it by %s", async (pattern) => {
    const harness = openHarness({ invoke: never });
    const parent = await startParent(harness, one(lambdaTask()), parentOf(pattern));
    const child = await firstChild(harness);
    await harness.call("StopExecution", { executionArn: parent });
    expect(await ended(harness, child)).toMatchObject({
      status: "ABORTED",
      cause: `The Task state in AWS Step Functions execution [${parent}] which was managing this resource was aborted`,
    });
    expect((await types(harness, child)).at(-1)).toBe("ExecutionAborted");
    await harness.close();
  });

  test("is stopped with the whole line of its ancestors", async () => {
    const harness = openHarness({ invoke: never });
    await createMachine(harness, one(lambdaTask()), "grandchild");
    const middle = JSON.parse(
      JSON.stringify(parentOf(".sync")).replaceAll(":child", ":grandchild"),
    ) as object;
    const parent = await startParent(harness, middle, parentOf(".sync"));
    await called(harness);
    await harness.call("StopExecution", { executionArn: parent });
    const machines = ["child", "grandchild"].map((name) => childMachine.replace(/child$/, name));
    for (const stateMachineArn of machines) {
      const { executions } = await harness.call<{ executions: object[] }>("ListExecutions", {
        stateMachineArn,
      });
      expect(executions).toMatchObject([{ status: "ABORTED" }]);
    }
    await harness.close();
  });

  test("is stopped when its parent's own time is over, and when its Task's is", async () => {
    for (const parent of [
      { ...parentOf(".sync"), TimeoutSeconds: 3 },
      parentOf(".sync", { TimeoutSeconds: 3 }),
      parentOf(".sync", { TimeoutSeconds: 3, Catch: [{ ErrorEquals: ["States.ALL"], Next: "A" }] }),
    ]) {
      const harness = openHarness({ invoke: never });
      await startParent(harness, one(lambdaTask()), parent);
      expect((await ended(harness, await firstChild(harness)))["status"]).toBe("ABORTED");
      await harness.close();
    }
  });

  test("that nobody awaits runs on when its parent is stopped", async () => {
    const harness = openHarness({ invoke: never });
    const waits = { Type: "Wait", Seconds: 900, End: true };
    const { States } = parentOf("", { Next: "B", End: undefined }) as { States: object };
    const parent = await startParent(harness, one(lambdaTask()), {
      StartAt: "A",
      States: { ...States, B: waits },
    });
    const child = await firstChild(harness);
    await harness.call("StopExecution", { executionArn: parent });
    expect((await harness.call("DescribeExecution", { executionArn: child }))["status"]).toBe("RUNNING");
    await harness.close();
  });
});

describe("a nested execution after a restart", () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "step-functions-"));
    path = join(folder, "state.sqlite");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("is awaited again, and not started again", async () => {
    const first = openHarness({ database: openDatabase(path), invoke: never });
    const parent = await startParent(first, one(lambdaTask()), parentOf(".sync:2"));
    await called(first);
    const [child] = await children(first);
    await first.close();
    first.database.close();

    const second = openHarness({ database: openDatabase(path) });
    await second.resume();
    expect(await ended(second, parent)).toMatchObject({
      status: "SUCCEEDED",
      output: expect.stringContaining(`"ExecutionArn":"${child}"`),
    });
    expect(await children(second)).toEqual([child]);
    expect(await types(second, parent)).toEqual([
      "ExecutionStarted",
      ...["TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted"],
      ...["TaskStateEntered", "TaskSucceeded", "TaskStateExited"],
      "ExecutionSucceeded",
    ]);
    await second.close();
    second.database.close();
  });

  test("outlives kill -9: each parent has one child, and each runs to its end in the next process", async () => {
    const script = new URL("./testing/killed-process.ts", import.meta.url).pathname;
    const process_ = spawn(process.execPath, [script, path, "nested"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const acknowledged: string[] = [];
    for await (const line of createInterface({ input: process_.stdout })) {
      acknowledged.push(line);
      if (acknowledged.length === 25) process_.kill("SIGKILL");
    }
    if (process_.exitCode === null && process_.signalCode === null) await once(process_, "exit");

    const harness = openHarness({ database: openDatabase(path), clock: virtualClock(Date.now()) });
    await harness.resume();
    expect(acknowledged.length).toBeGreaterThanOrEqual(25);
    for (const [n, arn] of acknowledged.entries()) {
      const { status, output } = await ended(harness, arn);
      expect([status, JSON.parse(String(output))]).toMatchObject(["SUCCEEDED", { Output: { n } }]);
    }
    const inputs = harness.published
      .filter(({ detail }) => detail.stateMachineArn === childMachine && detail.status === "SUCCEEDED")
      .map(({ detail }) => JSON.parse(detail.input ?? "").n as number);
    const parents = (await children(harness)).length;
    expect(new Set(inputs).size).toBe(inputs.length);
    expect(parents).toBeGreaterThanOrEqual(acknowledged.length);
    expect(parents).toBeLessThanOrEqual(acknowledged.length + 1);
    await harness.close();
    harness.database.close();
  });
});
