import { expect, test } from "vitest";
import type { InvokeFunction } from "../interpreter/run.ts";
import type { Json } from "../json.ts";
import { createMachine, ended, history, openHarness, start } from "./harness.ts";

/** The ARN of a function. */
export const functionArn = "arn:aws:lambda:us-east-1:000000000000:function:charge";
/** The optimised integration of Lambda. */
export const invokeResource = "arn:aws:states:::lambda:invoke";

/** A definition, and what its execution is expected to be. */
export interface Row {
  readonly title: string;
  readonly definition: object;
  /** Other state machines that are there, by name. */
  readonly others?: Readonly<Record<string, object>>;
  readonly input?: Json;
  readonly invoke?: InvokeFunction;
  /** Event types without Execution…; `Pass` stands for entered and exited. */
  readonly history: string;
  readonly status?: string;
  readonly output?: Json;
  readonly error?: string;
  readonly cause?: string | RegExp;
  readonly slept?: number[];
}

/** A machine of the one state `A`, which ends it. */
export const one = (state: object, more: object = {}) => ({
  StartAt: "A",
  ...more,
  States: { A: { End: true, ...state } },
});
/** The same in JSONata. */
export const jsonata = (state: object) => one(state, { QueryLanguage: "JSONata" });
/** The events of a `lambda:invoke` Task up to its call. */
export const taskEvents = "TaskStateEntered TaskScheduled TaskStarted";
/** The events of a `lambda:invoke` Task that succeeds. */
export const okTask = `${taskEvents} TaskSucceeded TaskStateExited`;
/** A function that fails as Lambda tells of it. */
export const fails =
  (errorType: string): InvokeFunction =>
  async () => ({
    payload: { errorType, errorMessage: "no", trace: ["at x"] },
    functionError: "Unhandled",
  });
/** A function that fails with `Busy` so many times before it succeeds. */
export const failsTimes = (times: number): InvokeFunction => {
  let left = times;
  return async (name, payload) => {
    left -= 1;
    return left >= 0 ? fails("Busy")(name, payload) : { payload: "done" };
  };
};
/** A function that never answers. */
export const never: InvokeFunction = () => new Promise(() => undefined);
/** The cause an error of `fails("Boom")` has. */
export const failCause = JSON.stringify({ errorType: "Boom", errorMessage: "no", trace: ["at x"] });
/** A Task that hands its input to a function. */
export const lambdaTask = (more: object = {}) => ({
  Type: "Task",
  Resource: invokeResource,
  Parameters: { FunctionName: "charge", "Payload.$": "$" },
  ...more,
});
/** A Pass state that ends the execution. */
export const pass = (more: object = {}) => ({ Type: "Pass", End: true, ...more });

const endEvent: Readonly<Record<string, string>> = {
  SUCCEEDED: "ExecutionSucceeded",
  FAILED: "ExecutionFailed",
  TIMED_OUT: "ExecutionTimedOut",
};

function expectedTypes(row: Row): string[] {
  const middle = row.history
    .split(" ")
    .flatMap((word) =>
      /^(Pass|Wait|Choice|Succeed)$/.test(word) ? [`${word}StateEntered`, `${word}StateExited`] : [word],
    );
  return ["ExecutionStarted", ...middle, endEvent[row.status ?? "SUCCEEDED"] ?? ""];
}

/** Runs each row's definition and compares history, status, output and waits. */
export function testRows(rows: readonly Row[]): void {
  test.each(rows)("$title", checkRow);
}

async function checkRow(row: Row): Promise<void> {
  const harness = openHarness(row.invoke ? { invoke: row.invoke } : {});
  for (const [name, definition] of Object.entries(row.others ?? {})) {
    await createMachine(harness, definition, name);
  }
  const machine = await createMachine(harness, JSON.parse(JSON.stringify(row.definition)) as object);
  const arn = await start(harness, machine, row.input ?? {});
  const described = await ended(harness, arn);
  const events = await history(harness, arn);
  await harness.close();

  expect(events.map(({ type }) => type)).toEqual(expectedTypes(row));
  expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
  expect(described["status"]).toBe(row.status ?? "SUCCEEDED");
  expect(described["error"]).toBe(row.error);
  if (row.cause instanceof RegExp) expect(described["cause"]).toMatch(row.cause);
  else if (row.cause !== undefined) expect(described["cause"]).toBe(row.cause);
  if (row.output === undefined) expect(described["output"]).toBeUndefined();
  else expect(JSON.parse(String(described["output"]))).toEqual(row.output);
  if (row.slept) expect(harness.clock.slept).toEqual(row.slept);
}
