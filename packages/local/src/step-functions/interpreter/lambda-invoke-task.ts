import { region } from "../../wire/account.ts";
import { refusedParameters } from "../definition/task-resource.ts";
import { isObject, type Json, parseJson } from "../json.ts";
import { notTruncated, present } from "./history-event.ts";
import { callLambda } from "./lambda-call.ts";
import { runtimeError, StateError } from "./state-error.ts";
import type { Task } from "./task.ts";

const resource = { resourceType: "lambda", resource: "invoke" } as const;

/**
 * A Task on `arn:aws:states:::lambda:invoke`.
 *
 * The result has `ExecutedVersion`, `Payload` and `StatusCode`; AWS adds the HTTP metadata of its call.
 *
 * @throws {StateError} `States.Runtime` when the parameters are none of `lambda:invoke`.
 */
export function lambdaInvokeTask(parameters: Json): Task {
  const functionName = checkParameters(parameters);
  return {
    subject: "lambda",
    started: { type: "TaskStarted", details: { ...resource } },
    scheduled: (timeoutInSeconds) => ({
      type: "TaskScheduled",
      details: present({ ...resource, region, parameters: JSON.stringify(parameters), timeoutInSeconds }),
    }),
    succeeded: (result) => ({
      type: "TaskSucceeded",
      details: { ...resource, output: JSON.stringify(result), outputDetails: notTruncated },
    }),
    failed: (how, details) => ({ type: `Task${how}`, details: { ...resource, ...details } }),
    async call({ run }) {
      const payload = payloadOf(parameters);
      const answer = await callLambda(run.invokeFunction, functionName, payload);
      return { ExecutedVersion: executedVersion(functionName), Payload: answer, StatusCode: 200 };
    },
  };
}

function checkParameters(parameters: Json): string {
  const functionName = isObject(parameters) ? parameters["FunctionName"] : undefined;
  if (typeof functionName !== "string") {
    throw runtimeError("The field 'FunctionName' is required but was missing");
  }
  const [refused] = refusedParameters("lambda-invoke", parameters);
  if (refused !== undefined) throw runtimeError(refused[1]);
  return functionName;
}

/** A payload that is a string is the body itself, so it has to be JSON text. */
function payloadOf(parameters: Json): Json {
  const payload = isObject(parameters) ? parameters["Payload"] : undefined;
  if (payload === undefined) return {};
  if (typeof payload !== "string") return payload;
  try {
    return parseJson(payload);
  } catch {
    throw new StateError(
      "Lambda.InvalidRequestContentException",
      "Could not parse request body into json: Could not parse payload into json",
    );
  }
}

function executedVersion(functionName: string): string {
  return /:(\d+)$/.exec(functionName)?.[1] ?? "$LATEST";
}
