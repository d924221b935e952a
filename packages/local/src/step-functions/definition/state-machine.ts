import { z } from "zod";
import type { Json, JsonObject } from "../json.ts";

/** The languages a state's fields can be written in. */
export type QueryLanguage = "JSONPath" | "JSONata";

const json = z.custom<Json>(() => true);
const object = z.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  {
    error: "expected an object",
  },
);
const path = z.string();
const expression = z.string().regex(/^\{%[\s\S]*%\}$/, { error: "expected {% expression %}" });
const name = z.string().min(1).max(80);
const seconds = z.int().min(1).max(99_999_999);
const waitSeconds = z.int().min(0).max(99_999_999);

const retrier = z.strictObject({
  ErrorEquals: z.array(z.string()).min(1),
  Comment: z.string().optional(),
  IntervalSeconds: seconds.optional(),
  MaxAttempts: waitSeconds.optional(),
  BackoffRate: z.number().min(1).optional(),
  MaxDelaySeconds: z.int().min(1).max(31_622_400).optional(),
  JitterStrategy: z.enum(["FULL", "NONE"]).optional(),
});

const catcher = z.strictObject({
  ErrorEquals: z.array(z.string()).min(1),
  Comment: z.string().optional(),
  Next: name,
  ResultPath: path.nullable().optional(),
  Output: json.optional(),
  Assign: object.optional(),
});

const base = {
  Comment: z.string().optional(),
  QueryLanguage: z.enum(["JSONPath", "JSONata"]).optional(),
};
const transition = { Next: name.optional(), End: z.literal(true).optional() };
const inputOutput = {
  InputPath: path.nullable().optional(),
  OutputPath: path.nullable().optional(),
  Output: json.optional(),
};
const assign = { Assign: object.optional() };

const task = z.strictObject({
  Type: z.literal("Task"),
  ...base,
  ...transition,
  ...inputOutput,
  ...assign,
  Resource: z.string(),
  Parameters: json.optional(),
  Arguments: json.optional(),
  ResultSelector: object.optional(),
  ResultPath: path.nullable().optional(),
  TimeoutSeconds: z.union([seconds, expression]).optional(),
  TimeoutSecondsPath: path.optional(),
  Retry: z.array(retrier).optional(),
  Catch: z.array(catcher).optional(),
});

const pass = z.strictObject({
  Type: z.literal("Pass"),
  ...base,
  ...transition,
  ...inputOutput,
  ...assign,
  Parameters: json.optional(),
  Result: json.optional(),
  ResultPath: path.nullable().optional(),
});

const wait = z.strictObject({
  Type: z.literal("Wait"),
  ...base,
  ...transition,
  ...inputOutput,
  ...assign,
  Seconds: z.union([waitSeconds, expression]).optional(),
  SecondsPath: path.optional(),
  Timestamp: z.string().optional(),
  TimestampPath: path.optional(),
});

const choiceRule = z.looseObject({
  Next: name,
  Comment: z.string().optional(),
  Assign: object.optional(),
  Output: json.optional(),
  Condition: z.union([z.boolean(), expression]).optional(),
});

const choice = z.strictObject({
  Type: z.literal("Choice"),
  ...base,
  ...inputOutput,
  ...assign,
  Choices: z.array(choiceRule).min(1),
  Default: name.optional(),
});

const succeed = z.strictObject({ Type: z.literal("Succeed"), ...base, ...inputOutput });

const fail = z.strictObject({
  Type: z.literal("Fail"),
  ...base,
  Error: z.string().optional(),
  ErrorPath: z.string().optional(),
  Cause: z.string().optional(),
  CausePath: z.string().optional(),
});

/** The shape of each kind of state, fields of both languages together. */
export const stateSchemas = {
  Task: task,
  Pass: pass,
  Wait: wait,
  Choice: choice,
  Succeed: succeed,
  Fail: fail,
} as const;

/** The shape of a state machine around its states. */
export const machineSchema = z.strictObject({
  Comment: z.string().optional(),
  QueryLanguage: z.enum(["JSONPath", "JSONata"]).optional(),
  Version: z.literal("1.0").optional(),
  TimeoutSeconds: seconds.optional(),
  StartAt: z.string(),
  States: object,
});

/** A rule of a Choice state; a data test or a boolean expression besides the named fields. */
export type ChoiceRule = z.infer<typeof choiceRule>;
/** A retrier of a Task state. */
export type Retrier = z.infer<typeof retrier>;
/** A catcher of a Task state. */
export type Catcher = z.infer<typeof catcher>;
export type TaskState = z.infer<typeof task>;
export type PassState = z.infer<typeof pass>;
export type WaitState = z.infer<typeof wait>;
export type ChoiceState = z.infer<typeof choice>;
export type SucceedState = z.infer<typeof succeed>;
export type FailState = z.infer<typeof fail>;

/** Any state that is understood here. */
export type State = TaskState | PassState | WaitState | ChoiceState | SucceedState | FailState;

/** A checked definition. */
export interface StateMachineDefinition {
  readonly comment: string | undefined;
  readonly language: QueryLanguage;
  readonly timeoutSeconds: number | undefined;
  readonly startAt: string;
  readonly states: ReadonlyMap<string, State>;
}
