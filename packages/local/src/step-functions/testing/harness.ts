import type { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { openDatabase } from "../../wire/database.ts";
import type { InvokeFunction, InvokeResult } from "../interpreter/run.ts";
import type { Json } from "../json.ts";
import { createStepFunctions } from "../service.ts";
import type { StatusChangeEvent } from "../status-event.ts";
import { type VirtualClock, virtualClock } from "./virtual-clock.ts";

/** A moment the virtual clock of tests starts at. */
export const testStart = Date.parse("2026-01-02T03:04:05.678Z");
/** A role ARN of the right shape. */
export const testRole = "arn:aws:iam::000000000000:role/states";

/** A history event as the wire has it. */
export type WireEvent = {
  readonly type: string;
  readonly id: number;
  readonly previousEventId: number;
} & Record<string, Record<string, Json>>;

/** A running endpoint without HTTP, on a virtual clock. */
export interface Harness {
  readonly clock: VirtualClock;
  readonly database: DatabaseSync;
  readonly published: StatusChangeEvent[];
  readonly invocations: [string, unknown][];
  call<T = Record<string, Json>>(operation: string, input: object): Promise<T>;
  resume(): Promise<void>;
  close(): Promise<void>;
}

/** What may differ between endpoints. */
export interface HarnessOptions {
  readonly database?: DatabaseSync;
  readonly clock?: VirtualClock;
  readonly invoke?: InvokeFunction;
  readonly publish?: (event: StatusChangeEvent) => Promise<void>;
}

/** Builds an endpoint over its own database unless one is given. */
export function openHarness(options: HarnessOptions = {}): Harness {
  const clock = options.clock ?? virtualClock(testStart);
  const database = options.database ?? openDatabase(":memory:");
  const published: StatusChangeEvent[] = [];
  const invocations: [string, unknown][] = [];
  const { service, resume, close } = createStepFunctions({
    database,
    now: clock.now,
    sleep: clock.sleep,
    async invokeFunction(name, payload): Promise<InvokeResult> {
      invocations.push([name, payload]);
      return options.invoke ? options.invoke(name, payload) : { payload };
    },
    async publish(event) {
      await options.publish?.(event);
      published.push(event);
    },
  });
  return {
    clock,
    database,
    published,
    invocations,
    async call<T>(operation: string, input: object) {
      const run = service.operations[operation];
      if (!run) throw new Error(`no operation ${operation}`);
      return JSON.parse(JSON.stringify((await run(input)) ?? null)) as T;
    },
    resume,
    close,
  };
}

/** Creates a state machine and gives its ARN. */
export async function createMachine(harness: Harness, definition: object, name = "machine"): Promise<string> {
  const created = await harness.call<{ stateMachineArn: string }>("CreateStateMachine", {
    name,
    definition: JSON.stringify(definition),
    roleArn: testRole,
  });
  return created.stateMachineArn;
}

/** Starts an execution and gives its ARN. */
export async function start(harness: Harness, machineArn: string, input: Json = {}): Promise<string> {
  const started = await harness.call<{ executionArn: string }>("StartExecution", {
    stateMachineArn: machineArn,
    input: JSON.stringify(input),
  });
  return started.executionArn;
}

/** Waits until `condition` gives something. */
export async function eventually<T>(condition: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (let turn = 0; turn < 200_000; turn += 1) {
    const value = await condition();
    if (value !== undefined) return value;
    await nextTurn();
  }
  throw new Error("what was waited for did not come");
}

/** Waits for an execution's end and describes it. */
export function ended(harness: Harness, executionArn: string): Promise<Record<string, Json>> {
  return eventually(async () => {
    const described = await harness.call("DescribeExecution", { executionArn });
    return described["status"] === "RUNNING" ? undefined : described;
  });
}

/** Reads the whole history of an execution. */
export async function history(harness: Harness, executionArn: string): Promise<WireEvent[]> {
  const { events } = await harness.call<{ events: WireEvent[] }>("GetExecutionHistory", {
    executionArn,
    maxResults: 1_000,
  });
  return events;
}
