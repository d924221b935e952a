import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "../wire/database.ts";
import type { StatusChangeEvent } from "./status-event.ts";
import {
  createMachine,
  ended,
  eventually,
  type Harness,
  history,
  openHarness,
  start,
  testStart,
} from "./testing/harness.ts";
import { virtualClock } from "./testing/virtual-clock.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "step-functions-"));
  path = join(folder, "state.sqlite");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const functionArn = "arn:aws:lambda:us-east-1:000000000000:function:f";
const never = () => new Promise<never>(() => undefined);
const statuses = (events: readonly StatusChangeEvent[]) => events.map(({ detail }) => detail.status);

function reopen(first: Harness, options: Parameters<typeof openHarness>[0] = {}): Promise<Harness> {
  return first.close().then(() => {
    first.database.close();
    return openHarness({ database: openDatabase(path), ...options });
  });
}

describe("after a restart", () => {
  test("a call in flight is made again with its input, and variables are kept", async () => {
    const first = openHarness({ database: openDatabase(path), invoke: never });
    const machine = await createMachine(first, {
      StartAt: "A",
      States: {
        A: { Type: "Pass", Assign: { "v.$": "$.a" }, Next: "B" },
        B: { Type: "Task", Resource: functionArn, ResultSelector: { "v.$": "$v" }, End: true },
      },
    });
    const arn = await start(first, machine, { a: 7 });
    await eventually(() => (first.invocations.length > 0 ? true : undefined));

    const second = await reopen(first);
    await second.resume();
    expect(await ended(second, arn)).toMatchObject({ status: "SUCCEEDED", output: '{"v":7}' });
    expect(second.invocations).toEqual([[functionArn, { a: 7 }]]);
    const events = await history(second, arn);
    expect(events.map(({ type }) => type)).toEqual([
      "ExecutionStarted",
      "PassStateEntered",
      "PassStateExited",
      ...["TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted"],
      ...["TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted"],
      "LambdaFunctionSucceeded",
      "TaskStateExited",
      "ExecutionSucceeded",
    ]);
    expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
    await second.close();
    second.database.close();
  });

  test("a wait goes on for what is left of it", async () => {
    const first = openHarness({ database: openDatabase(path), clock: virtualClock(testStart, true) });
    const machine = await createMachine(first, {
      StartAt: "A",
      States: { A: { Type: "Wait", Seconds: 60, End: true } },
    });
    const arn = await start(first, machine);
    await eventually(async () => ((await history(first, arn)).length === 2 ? true : undefined));

    const second = await reopen(first, { clock: virtualClock(testStart + 45_000) });
    await second.resume();
    expect((await ended(second, arn))["status"]).toBe("SUCCEEDED");
    expect(second.clock.slept).toEqual([15_000]);
    await second.close();
    second.database.close();
  });

  test("retries used up stay used up", async () => {
    let calls = 0;
    const fails = async () => {
      calls += 1;
      if (calls === 2) return never();
      return { payload: { errorType: "Busy" }, functionError: "Unhandled" as const };
    };
    const first = openHarness({ database: openDatabase(path), invoke: fails });
    const Retry = [{ ErrorEquals: ["Busy"], MaxAttempts: 2 }];
    const machine = await createMachine(first, {
      StartAt: "A",
      States: { A: { Type: "Task", Resource: functionArn, Retry, End: true } },
    });
    const arn = await start(first, machine);
    await eventually(() => (calls === 2 ? true : undefined));

    const second = await reopen(first, { invoke: fails });
    await second.resume();
    expect(await ended(second, arn)).toMatchObject({ status: "FAILED", error: "Busy" });
    expect(calls).toBe(4);
    await second.close();
    second.database.close();
  });

  test("an execution whose TimeoutSeconds have passed meanwhile is timed out", async () => {
    const first = openHarness({ database: openDatabase(path), clock: virtualClock(testStart, true) });
    const machine = await createMachine(first, {
      StartAt: "A",
      TimeoutSeconds: 30,
      States: { A: { Type: "Wait", Seconds: 60, End: true } },
    });
    const arn = await start(first, machine);
    await eventually(async () => ((await history(first, arn)).length === 2 ? true : undefined));
    const second = await reopen(first, { clock: virtualClock(testStart + 31_000) });
    await second.resume();
    expect((await ended(second, arn))["status"]).toBe("TIMED_OUT");
    expect(second.clock.slept).toEqual([]);
    await second.close();
    second.database.close();
  });

  test("an execution runs on with the definition it was started with", async () => {
    const first = openHarness({ database: openDatabase(path), invoke: never });
    const states = (Result: string) => ({
      StartAt: "A",
      States: {
        A: { Type: "Task", Resource: functionArn, Next: "B" },
        B: { Type: "Pass", Result, End: true },
      },
    });
    const stateMachineArn = await createMachine(first, states("old"));
    const arn = await start(first, stateMachineArn);
    await eventually(() => (first.invocations.length > 0 ? true : undefined));
    await first.call("UpdateStateMachine", { stateMachineArn, definition: JSON.stringify(states("new")) });

    const second = await reopen(first);
    await second.resume();
    expect((await ended(second, arn))["output"]).toBe('"old"');
    expect((await ended(second, await start(second, stateMachineArn)))["output"]).toBe('"new"');
    await second.close();
    second.database.close();
  });
});

describe("the outbox", () => {
  const passing = { StartAt: "A", States: { A: { Type: "Pass", End: true } } };

  test("gives each status once when publishing works", async () => {
    const harness = openHarness();
    await ended(harness, await start(harness, await createMachine(harness, passing)));
    await eventually(() => (harness.published.length === 2 ? true : undefined));
    expect(statuses(harness.published)).toEqual(["RUNNING", "SUCCEEDED"]);
    expect(harness.database.prepare("SELECT count(*) AS n FROM sfn_outbox").get()).toEqual({ n: 0 });
    await harness.close();
  });

  test("gives again what was refused", async () => {
    let refusals = 3;
    const harness = openHarness({
      publish: async () => {
        refusals -= 1;
        if (refusals >= 0) throw new Error("the bus is down");
      },
    });
    await ended(harness, await start(harness, await createMachine(harness, passing)));
    await expect.poll(() => statuses(harness.published).sort()).toEqual(["RUNNING", "SUCCEEDED"]);
    await harness.close();
  });

  test("gives after a restart what was not published before it", async () => {
    const first = openHarness({ database: openDatabase(path), publish: never });
    const arn = await start(first, await createMachine(first, passing));
    await ended(first, arn);
    const second = await reopen(first);
    await second.resume();
    expect(statuses(second.published)).toEqual(["RUNNING", "SUCCEEDED"]);
    expect(second.published.map(({ detail }) => detail.executionArn)).toEqual([arn, arn]);
    await second.close();
    second.database.close();
  });
});

test("kill -9 loses no acknowledged execution, and each runs to its end in the next process", async () => {
  const script = new URL("./testing/killed-process.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, path], { stdio: ["ignore", "pipe", "inherit"] });
  const acknowledged: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line);
    if (acknowledged.length === 25) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");

  const harness = openHarness({ database: openDatabase(path), clock: virtualClock(Date.now()) });
  await harness.resume();
  expect(acknowledged.length).toBeGreaterThanOrEqual(25);
  for (const [n, arn] of acknowledged.entries()) {
    expect(await ended(harness, arn)).toMatchObject({ status: "SUCCEEDED", output: JSON.stringify({ n }) });
    const ids = (await history(harness, arn)).map(({ id }) => id);
    expect(ids).toEqual(ids.map((_, index) => index + 1));
  }
  await eventually(() =>
    acknowledged.every((arn) => {
      const events = harness.published.filter(({ detail }) => detail.executionArn === arn);
      return statuses(events).includes("RUNNING") && statuses(events).includes("SUCCEEDED");
    })
      ? true
      : undefined,
  );
  await harness.close();
  harness.database.close();
});
