import { describe, expect, test } from "vitest";
import { arnOf } from "../../test-support/fixtures.ts";
import { MemoryExecutionStore } from "../../test-support/memory-execution-store.ts";
import { ConflictError, UnavailableError } from "../error/errors.ts";
import type { ExecutionState } from "./execution-state.ts";
import { updateExecution } from "./execution-store.ts";

const executionArn = arnOf("e");

function counted(state: ExecutionState | undefined): ExecutionState {
  const revision = (state?.revision ?? 0) + 1;
  const redriveCount = (state?.redriveCount ?? -1) + 1;
  return { executionArn, redriveCount, attribution: "none", grants: [], open: true, revision };
}

describe("an update of an execution's state", () => {
  test("is decided again on what another writer left", async () => {
    const store = new MemoryExecutionStore();
    await Promise.all(Array.from({ length: 20 }, () => updateExecution(store, executionArn, counted)));
    expect(store.peek(executionArn)).toMatchObject({ redriveCount: 19, revision: 20 });
  });

  test("writes nothing when the decision changes nothing", async () => {
    const store = new MemoryExecutionStore();
    await updateExecution(store, executionArn, counted);
    const { before, after } = await updateExecution(store, executionArn, (state) => state);
    expect(after).toBe(before);
    expect(store.peek(executionArn)?.revision).toBe(1);
    expect(await updateExecution(store, arnOf("other"), (state) => state)).toEqual({});
  });

  test("passes on what is no conflict", async () => {
    const down = new UnavailableError("store.unavailable", "throttled");
    const store = {
      get: async () => undefined,
      put: async () => Promise.reject(down),
      remove: async () => {},
    };
    await expect(updateExecution(store, executionArn, counted)).rejects.toBe(down);
  });
});

describe("the store that tests use", () => {
  test("refuses a revision that was not derived from what stands", async () => {
    const store = new MemoryExecutionStore();
    await store.put(counted(undefined));
    await expect(store.put(counted(undefined))).rejects.toBeInstanceOf(ConflictError);
  });
});
