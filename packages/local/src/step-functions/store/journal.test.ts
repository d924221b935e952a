import { expect, test } from "vitest";
import { openDatabase } from "../../wire/database.ts";
import { RunStopped } from "../interpreter/run.ts";
import { createMachine, openHarness, start } from "../testing/harness.ts";
import { virtualClock } from "../testing/virtual-clock.ts";
import { createExecutionStore } from "./executions.ts";
import { openJournal } from "./journal.ts";

async function running() {
  const database = openDatabase(":memory:");
  const harness = openHarness({ database, clock: virtualClock(0, true) });
  const machine = await createMachine(harness, {
    StartAt: "A",
    States: { A: { Type: "Wait", Seconds: 9, End: true } },
  });
  const arn = await start(harness, machine);
  await harness.close();
  const executions = createExecutionStore(database);
  const row = executions.get(arn);
  if (!row) throw new Error("the execution is not stored");
  const events = () =>
    executions.historyAfter(row.id, 0, 10).map(({ id, previous, type }) => [id, previous, type]);
  return {
    harness,
    database,
    executions,
    row,
    events,
    journal: openJournal(database, executions, row, () => 0),
  };
}

const passed = { type: "PassStateEntered", details: null };
const position = { state: "A", input: { moved: true }, variables: {}, progress: {} };

test("events become durable with the next commit, and the position with them", async () => {
  const { journal, events, executions, row } = await running();
  expect([journal.record(passed), journal.record(passed)]).toEqual([2, 3]);
  expect(events()).toHaveLength(1);
  journal.advance(position);
  expect(events()).toEqual([
    [1, 0, "ExecutionStarted"],
    [2, 0, "PassStateEntered"],
    [3, 2, "PassStateEntered"],
  ]);
  expect(executions.getById(row.id)).toMatchObject({ last_event: 3, state_input: '{"moved":true}' });
});

test("an execution that has ended takes neither event nor position", async () => {
  const { harness, journal, events, executions, row } = await running();
  await harness.call("StopExecution", { executionArn: row.arn });
  journal.record(passed);
  expect(() => journal.commit()).toThrow(RunStopped);
  expect(() => journal.advance(position)).toThrow(RunStopped);
  expect(events()).toEqual([
    [1, 0, "ExecutionStarted"],
    [2, 0, "ExecutionAborted"],
  ]);
  expect(executions.getById(row.id)).toMatchObject({ status: "ABORTED", last_event: 2, state_input: "{}" });
});
