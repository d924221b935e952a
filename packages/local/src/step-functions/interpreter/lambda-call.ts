import { isObject, type Json } from "../json.ts";
import type { InvokeFunction, InvokeResult } from "./run.ts";
import { StateError } from "./state-error.ts";

/**
 * Invokes a function and gives its payload.
 *
 * @throws {StateError} named by the function's `errorType`, with the whole error as its cause; or
 *   `Lambda.<exception>` when the invocation itself was refused.
 */
export async function callLambda(
  invokeFunction: InvokeFunction,
  functionName: string,
  payload: Json,
): Promise<Json> {
  const result = await invoke(invokeFunction, functionName, payload);
  const answer = (result.payload ?? null) as Json;
  if (result.functionError === undefined) return answer;
  const errorType = isObject(answer) ? answer["errorType"] : undefined;
  throw new StateError(typeof errorType === "string" ? errorType : "Lambda.Unknown", JSON.stringify(answer));
}

async function invoke(
  invokeFunction: InvokeFunction,
  functionName: string,
  payload: Json,
): Promise<InvokeResult> {
  try {
    return await invokeFunction(functionName, payload);
  } catch (error) {
    const name = error instanceof Error ? error.name : "";
    const isService = /^[A-Z][A-Za-z]*Exception$/.test(name);
    const message = error instanceof Error ? error.message : String(error);
    throw new StateError(`Lambda.${isService ? name : "SdkClientException"}`, message);
  }
}
