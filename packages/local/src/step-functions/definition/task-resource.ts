import { isObject, type Json } from "../json.ts";

/** What a Task state calls. */
export type TaskResource =
  | { readonly kind: "lambda-invoke" }
  | { readonly kind: "lambda-function"; readonly functionArn: string };

const lambdaInvoke = "arn:aws:states:::lambda:invoke";
const functionArn = /^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?$/;
const invokeFields = ["FunctionName", "Payload"];

/** Reads a Task's `Resource`. @returns why it is refused, as text, where it is. */
export function readTaskResource(resource: string): TaskResource | string {
  if (resource === lambdaInvoke) return { kind: "lambda-invoke" };
  if (functionArn.test(resource)) return { kind: "lambda-function", functionArn: resource };
  if (resource.endsWith(".waitForTaskToken"))
    return `".waitForTaskToken" in "${resource}" is not supported here`;
  if (/\.sync(:2)?$/.test(resource)) return `".sync" in "${resource}" is not supported here`;
  if (resource.startsWith("arn:aws:states:::"))
    return `service integration "${resource}" is not supported here`;
  if (/^arn:aws:states:[^:]*:[^:]*:activity:/.test(resource))
    return `activity "${resource}" is not supported here`;
  return `"${resource}" is neither "${lambdaInvoke}" nor the ARN of a Lambda function`;
}

/** Names the parameters of `lambda:invoke` that are not understood; `.$` may end a key in JSONPath. */
export function refusedInvokeFields(parameters: Json): string[] {
  if (!isObject(parameters)) return [];
  return Object.keys(parameters).filter((key) => !invokeFields.includes(key.replace(/\.\$$/, "")));
}
