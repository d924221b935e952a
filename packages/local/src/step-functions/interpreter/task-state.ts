import type { TaskState } from "../definition/state-machine.ts";
import { readTaskResource, type TaskResource } from "../definition/task-resource.ts";
import { requireByPath } from "../expression/json-path.ts";
import type { Json } from "../json.ts";
import { effectiveInput, effectiveParameters, outcomeOfResult } from "./data-flow.ts";
import { errorDetails } from "./error-handling.ts";
import { directLambdaTask } from "./lambda-function-task.ts";
import { lambdaInvokeTask } from "./lambda-invoke-task.ts";
import { checkOutputSize } from "./limits.ts";
import { untilStopped } from "./run.ts";
import { type Outcome, pathScope, query, type StateScope } from "./scope.ts";
import { startExecutionTask } from "./start-execution-task.ts";
import { errorNames, queryError, runtimeError, StateError } from "./state-error.ts";
import type { Task } from "./task.ts";

const longestTimeoutSeconds = 99_999_999;

/** Calls what the state's `Resource` names, within its timeout. */
export async function runTask(scope: StateScope<TaskState>): Promise<Outcome> {
  const { state } = scope;
  const parameters = await effectiveParameters(scope, state);
  const timeoutSeconds = await timeoutOf(scope);
  const result = await callTask(scope, openTask(scope, parameters), timeoutSeconds);
  return outcomeOfResult(scope, state, result, state.Next);
}

function openTask(scope: StateScope<TaskState>, parameters: Json): Task {
  const read = readTaskResource(scope.state.Resource) as TaskResource;
  switch (read.kind) {
    case "lambda-invoke":
      return lambdaInvokeTask(parameters);
    case "lambda-function":
      return directLambdaTask(read.functionArn, parameters);
    case "start-execution":
      return startExecutionTask(read.pattern, parameters, scope.progress.child);
  }
}

/** The call is durable as scheduled before it is made. */
async function callTask(scope: StateScope, task: Task, timeoutSeconds: number | undefined): Promise<Json> {
  const { journal } = scope.run;
  if (!task.isUnderWay) {
    journal.record(task.scheduled(timeoutSeconds));
    journal.record(task.started);
    journal.commit();
  }
  try {
    const result = await withTimeout(scope, timeoutSeconds, task.call(scope));
    checkOutputSize(result, task.subject, undefined);
    journal.record(task.succeeded(result));
    return result;
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    const isTimeout = error.errorName === errorNames.timeout && error.causeText === undefined;
    journal.record(task.failed(isTimeout ? "TimedOut" : "Failed", errorDetails(error)));
    if (isTimeout) task.cancel?.(scope);
    throw error;
  }
}

async function withTimeout(
  scope: StateScope,
  seconds: number | undefined,
  call: Promise<Json>,
): Promise<Json> {
  if (seconds === undefined) return untilStopped(scope.run.signal, call);
  const timer = new AbortController();
  const timeout = scope.run.clock.sleep(seconds * 1000, timer.signal).then(() => {
    throw new StateError(errorNames.timeout, undefined);
  });
  try {
    return await untilStopped(scope.run.signal, Promise.race([call, timeout]));
  } finally {
    timer.abort();
  }
}

async function timeoutOf(scope: StateScope<TaskState>): Promise<number | undefined> {
  const seconds = await givenTimeout(scope);
  if (seconds === undefined) return undefined;
  const isWhole = typeof seconds === "number" && Number.isInteger(seconds);
  if (isWhole && seconds >= 1 && seconds <= longestTimeoutSeconds) return seconds;
  const cause = `The value ${JSON.stringify(seconds)} of the field 'TimeoutSeconds' is not an integer from 1 to ${longestTimeoutSeconds}.`;
  throw scope.language === "JSONata" ? queryError(cause, "TimeoutSeconds") : runtimeError(cause);
}

async function givenTimeout(scope: StateScope<TaskState>): Promise<Json | undefined> {
  const { TimeoutSeconds, TimeoutSecondsPath } = scope.state;
  if (TimeoutSecondsPath !== undefined) {
    const paths = pathScope(scope, effectiveInput(scope, scope.state));
    return requireByPath(TimeoutSecondsPath, paths, "TimeoutSecondsPath");
  }
  return typeof TimeoutSeconds === "string" ? query(scope, TimeoutSeconds, "TimeoutSeconds") : TimeoutSeconds;
}
