import { AwsError } from "../../wire/aws-json.ts";
import { type NestedExecutions, type StartedExecution, untilStopped } from "../interpreter/run.ts";
import { StateError } from "../interpreter/state-error.ts";
import { isObject, type Json, type JsonObject, parseJson } from "../json.ts";
import { abortedChild, endEvent, endExecution } from "../store/ending.ts";
import type { ExecutionRow } from "../store/executions.ts";
import type { OperationContext } from "./context.ts";
import { describeExecution } from "./describe-execution.ts";
import { admitExecution } from "./start-execution.ts";

/** Starts, awaits and stops executions for the Tasks of others. */
export function nestedExecutions(contextOf: () => OperationContext): NestedExecutions {
  return {
    start(request, alongside) {
      try {
        return startedExecution(
          admitExecution(contextOf(), request, (execution) => alongside(startedExecution(execution))),
        );
      } catch (error) {
        throw error instanceof AwsError ? refusal(error.code, error.message) : error;
      }
    },

    async ended(arn, pattern, signal) {
      const context = contextOf();
      const started = context.executions.get(arn);
      if (started?.status === "RUNNING") await untilEnded(context, started.id, signal);
      const row = context.executions.get(arn);
      if (!row) throw refusal("ExecutionDoesNotExist", `Execution Does Not Exist: '${arn}'`);
      const description = asResult(describeExecution(row) as JsonObject);
      return {
        hasSucceeded: row.status === "SUCCEEDED",
        description: pattern === "sync:2" ? withParsedData(description) : description,
      };
    },

    stop(arn, parentArn) {
      const context = contextOf();
      const row = context.executions.get(arn);
      if (row) endExecution(context, row.id, abortedChild(parentArn, context.clock.now()));
    },
  };
}

function startedExecution({ arn, start_date }: ExecutionRow): StartedExecution {
  return { arn, startDate: start_date };
}

async function untilEnded({ endings }: OperationContext, id: number, signal: AbortSignal): Promise<void> {
  const event = endEvent(id);
  let onEnd: (() => void) | undefined;
  const end = new Promise<void>((resolve) => {
    onEnd = resolve;
    endings.once(event, onEnd);
  });
  try {
    await untilStopped(signal, end);
  } finally {
    if (onEnd) endings.off(event, onEnd);
  }
}

/** The integration's names of StartExecution's exceptions. */
function refusal(code: string, message: string): StateError {
  return new StateError(`StepFunctions.${code.endsWith("Exception") ? code : `${code}Exception`}`, message);
}

/** DescribeExecution's answer as a Task's result: capitalised, in alphabetical order, dates in milliseconds. */
function asResult(answer: JsonObject): JsonObject {
  const fields = Object.entries(answer).map(([key, value]): [string, Json] => [
    `${key[0]?.toUpperCase()}${key.slice(1)}`,
    isObject(value) ? asResult(value) : /Date$/.test(key) ? Math.round(Number(value) * 1000) : value,
  ]);
  return Object.fromEntries(fields.sort(([left], [right]) => (left < right ? -1 : 1)));
}

function withParsedData(description: JsonObject): JsonObject {
  const parsed = ["Input", "Output"].flatMap((field) => {
    const text = description[field];
    return typeof text === "string" ? [[field, parseJson(text)]] : [];
  });
  return { ...description, ...(Object.fromEntries(parsed) as JsonObject) };
}
