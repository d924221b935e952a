import { randomUUID } from "node:crypto";
import { z } from "zod";
import { AwsError } from "../../wire/aws-json.ts";
import { inTransaction } from "../../wire/transaction.ts";
import { executionArn } from "../arn.ts";
import { notTruncated } from "../interpreter/history-event.ts";
import { dataLimitBytes, type JsonObject } from "../json.ts";
import { statusChangeEvent } from "../status-event.ts";
import { factsOf } from "../store/ending.ts";
import type { ExecutionRow, NewExecution } from "../store/executions.ts";
import { numbered } from "../store/journal.ts";
import { type OperationContext, type ResolvedMachine, resolveMachine, versionArn } from "./context.ts";
import { wireDate } from "./parameters.ts";
import { checkName, stateMachineDeleting } from "./refusals.ts";

/** The parameters of StartExecution. */
export const startParameters = z.strictObject({
  stateMachineArn: z.string(),
  name: z.string().optional(),
  input: z.string().optional(),
});

/** How long after its end an execution keeps its name, its record and its history. */
export const retentionMs = 90 * 24 * 60 * 60 * 1000;

/**
 * Starts an execution: record, first history event and status event are durable before this returns.
 *
 * The same name with the same input while it runs is the same execution.
 *
 * @throws {AwsError} `ExecutionAlreadyExists` for a name used in the last 90 days.
 */
export function startExecution(context: OperationContext, input: z.output<typeof startParameters>): object {
  const execution = admitExecution(context, input, () => undefined);
  return { executionArn: execution.arn, startDate: wireDate(execution.start_date) };
}

/**
 * Starts an execution as {@link startExecution} does; what `alongside` writes is durable together with it.
 *
 * @throws {AwsError} and starts nothing.
 */
export function admitExecution(
  context: OperationContext,
  input: z.output<typeof startParameters>,
  alongside: (execution: ExecutionRow) => void,
): ExecutionRow {
  const resolved = resolveMachine(context, input.stateMachineArn);
  if (resolved.machine.status === "DELETING") throw stateMachineDeleting(resolved.machine.arn);
  const name = input.name === undefined ? randomUUID() : checkName(input.name);
  const text = checkInput(input.input ?? "{}");
  const arn = executionArn(resolved.machine.name, name);
  const held = context.executions.get(arn);
  if (held && !isForgotten(held, context.clock.now())) {
    const same = sameExecution(held, resolved, text);
    alongside(same);
    return same;
  }
  const execution = inTransaction(context.database, () => {
    const added = add(context, resolved, { arn, name, input: text }, held !== undefined);
    alongside(added);
    return added;
  });
  context.outbox.wake();
  context.runner.start(execution);
  return execution;
}

function checkInput(text: string): string {
  if (Buffer.byteLength(text) > dataLimitBytes) {
    throw invalidInput(`input is over ${dataLimitBytes} bytes`);
  }
  try {
    JSON.parse(text);
  } catch (error) {
    throw invalidInput(error instanceof Error ? error.message : String(error));
  }
  return text;
}

function invalidInput(reason: string): AwsError {
  return new AwsError("InvalidExecutionInput", `Invalid State Machine Execution Input: '${reason}'`);
}

function isForgotten(held: ExecutionRow, now: number): boolean {
  return held.stop_date !== null && held.stop_date < now - retentionMs;
}

function sameExecution(held: ExecutionRow, resolved: ResolvedMachine, input: string): ExecutionRow {
  const { version_arn, alias_arn } = qualifiers(resolved);
  const isSame =
    held.status === "RUNNING" &&
    held.input === input &&
    held.version_arn === version_arn &&
    held.alias_arn === alias_arn;
  if (isSame) return held;
  throw new AwsError("ExecutionAlreadyExists", `Execution Already Exists: '${held.arn}'`);
}

function qualifiers({ ref, version }: ResolvedMachine): Pick<NewExecution, "version_arn" | "alias_arn"> {
  return {
    version_arn: version ? versionArn(version) : null,
    alias_arn: ref.alias === undefined ? null : ref.arn,
  };
}

function add(
  context: OperationContext,
  resolved: ResolvedMachine,
  given: Pick<NewExecution, "arn" | "name" | "input">,
  isNameReused: boolean,
): ExecutionRow {
  const { executions, outbox, clock, runner } = context;
  const { machine, revision } = resolved;
  const state = runner.definition(revision).startAt;
  const now = clock.now();
  if (isNameReused) executions.expire(now - retentionMs);
  const row = { ...given, ...qualifiers(resolved), machine_arn: machine.arn, revision: revision.id };
  const id = executions.add({ ...row, state, start_date: now });
  executions.addEvent(id, numbered(startedEvent(row, revision.role_arn), 0, now));
  executions.countEvents(id, 1);
  const stored = executions.getById(id);
  outbox.add(statusChangeEvent(factsOf(stored), now));
  return stored;
}

function startedEvent(
  row: Pick<NewExecution, "input" | "version_arn" | "alias_arn">,
  roleArn: string,
): { type: string; details: JsonObject } {
  return {
    type: "ExecutionStarted",
    details: {
      input: row.input,
      inputDetails: notTruncated,
      roleArn,
      ...(row.version_arn === null ? {} : { stateMachineVersionArn: row.version_arn }),
      ...(row.alias_arn === null ? {} : { stateMachineAliasArn: row.alias_arn }),
    },
  };
}
