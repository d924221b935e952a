import { isObject, type Json } from "../json.ts";

/** What is waited for: the start, or the end with its data as JSON text (`.sync`) or as JSON (`.sync:2`). */
export type StartPattern = "request-response" | "sync" | "sync:2";

/** What a Task state calls. */
export type TaskResource =
  | { readonly kind: "lambda-invoke" }
  | { readonly kind: "start-execution"; readonly pattern: StartPattern }
  | { readonly kind: "lambda-function"; readonly functionArn: string };

const lambdaInvoke = "arn:aws:states:::lambda:invoke";
const functionArn = /^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?$/;
const startExecution = "arn:aws:states:::states:startExecution";
const startPatterns: Readonly<Record<string, StartPattern>> = {
  [startExecution]: "request-response",
  [`${startExecution}.sync`]: "sync",
  [`${startExecution}.sync:2`]: "sync:2",
};
const understood = {
  "lambda-invoke": { name: "lambda:invoke", fields: ["FunctionName", "Payload"] },
  "start-execution": { name: "states:startExecution", fields: ["StateMachineArn", "Input", "Name"] },
} as const;

/** A service integration, whose parameters are those of an API call. */
export type Integration = keyof typeof understood;

/** Reads a Task's `Resource`. @returns why it is refused, as text, where it is. */
export function readTaskResource(resource: string): TaskResource | string {
  if (resource === lambdaInvoke) return { kind: "lambda-invoke" };
  const pattern = startPatterns[resource];
  if (pattern) return { kind: "start-execution", pattern };
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

/** Says of each parameter that an integration does not understand why; `.$` may end a key in JSONPath. */
export function refusedParameters(integration: Integration, parameters: Json): [key: string, why: string][] {
  if (!isObject(parameters)) return [];
  const { name, fields } = understood[integration];
  return Object.keys(parameters)
    .filter((key) => !fields.some((field) => field === key.replace(/\.\$$/, "")))
    .map((key) => [key, `parameter "${key}" of ${name} is not supported here`]);
}
