import { region } from "../../wire/account.ts";
import { refusedParameters, type StartPattern } from "../definition/task-resource.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { type HistoryDraft, notTruncated, present } from "./history-event.ts";
import type { ChildExecution, StartedExecution } from "./run.ts";
import { type StateScope, saveProgress } from "./scope.ts";
import { errorNames, runtimeError, StateError } from "./state-error.ts";
import type { Task } from "./task.ts";

/**
 * A Task on `arn:aws:states:::states:startExecution`, `.sync` or `.sync:2`.
 *
 * The child, what history says of it and where the parent stands become durable together, so that a crash
 * neither loses a child nor starts it twice.
 *
 * @param underWay The child that the state had started before a crash.
 * @throws {StateError} `States.Runtime` when the parameters are none of StartExecution's.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
 */
export function startExecutionTask(
  pattern: StartPattern,
  parameters: Json,
  underWay: ChildExecution | undefined,
): Task {
  const request = readParameters(parameters);
  const name = pattern === "request-response" ? "startExecution" : `startExecution.${pattern}`;
  const resource = { resourceType: "states", resource: name };
  const isAwaited = pattern !== "request-response";
  const start = (scope: StateScope) =>
    scope.run.nested.start(request, (started) => {
      if (isAwaited) scope.run.journal.record(holding("TaskSubmitted", resource, answerOf(started)));
      saveProgress(scope, { ...scope.progress, child: { ...started, isAwaited } });
    });

  return {
    subject: "states",
    isUnderWay: underWay !== undefined,
    started: { type: "TaskStarted", details: { ...resource } },
    scheduled: (timeoutInSeconds) => ({
      type: "TaskScheduled",
      details: present({ ...resource, region, parameters: JSON.stringify(parameters), timeoutInSeconds }),
    }),
    succeeded: (result) => holding("TaskSucceeded", resource, result),
    failed: (how, details) => ({ type: `Task${how}`, details: { ...resource, ...details } }),
    async call(scope) {
      const child = underWay ?? start(scope);
      if (pattern === "request-response") return answerOf(child);
      const { nested, signal } = scope.run;
      const { hasSucceeded, description } = await nested.ended(child.arn, pattern, signal);
      if (hasSucceeded) return description;
      throw new StateError(errorNames.taskFailed, JSON.stringify(description));
    },
    cancel({ run, progress }) {
      if (progress.child) run.nested.stop(progress.child.arn, executionArnOf(run.context));
    },
  };
}

function holding(type: string, resource: JsonObject, output: Json): HistoryDraft {
  const details = { ...resource, output: JSON.stringify(output), outputDetails: notTruncated };
  return { type, details };
}

/** What StartExecution answers, without the metadata of its HTTP call. */
function answerOf(child: StartedExecution): Json {
  return { ExecutionArn: child.arn, StartDate: child.startDate };
}

function executionArnOf(context: Json): string {
  const execution = isObject(context) ? context["Execution"] : undefined;
  return isObject(execution) ? String(execution["Id"]) : "";
}

function readParameters(parameters: Json) {
  const given = isObject(parameters) ? parameters : {};
  const { StateMachineArn, Name, Input } = given;
  if (typeof StateMachineArn !== "string") {
    throw runtimeError("The field 'StateMachineArn' is required but was missing");
  }
  if (Name !== undefined && typeof Name !== "string") throw runtimeError("The field 'Name' must be a string");
  const [refused] = refusedParameters("start-execution", given);
  if (refused !== undefined) throw runtimeError(refused[1]);
  return {
    stateMachineArn: StateMachineArn,
    ...(Name !== undefined && { name: Name }),
    // A string is the JSON text itself, as in the API.
    ...(Input !== undefined &&
      Input !== null && { input: typeof Input === "string" ? Input : JSON.stringify(Input) }),
  };
}
