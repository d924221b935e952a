import { expect } from "vitest";
import type { Json } from "../json.ts";
import {
  fails,
  failsTimes,
  lambdaTask,
  never,
  one,
  pass,
  type Row,
  taskEvents,
  testRows,
} from "../testing/table.ts";

const base = "arn:aws:states:us-east-1:000000000000";
const childArn = `${base}:stateMachine:child`;
const nameOf = (name: string) => `${base}:execution:child:${name}`;
const anyDate = expect.any(Number) as unknown as Json;
const nested = (pattern: string, parameters: object = {}, more: object = {}) => ({
  Type: "Task",
  Resource: `arn:aws:states:::states:startExecution${pattern}`,
  Parameters: { StateMachineArn: childArn, Name: "c", ...parameters },
  ...more,
});
const others = { child: one(pass()) };
const failing = { child: one({ Type: "Fail", Error: "Child.Failed", Cause: "no stock", End: undefined }) };
const waiting = { child: one({ Type: "Wait", Seconds: 900 }) };
const attempt = "TaskScheduled TaskStarted TaskSubmitted";
const syncEvents = `${taskEvents} TaskSubmitted`;
const description = {
  ExecutionArn: nameOf("c"),
  InputDetails: { Included: true },
  Name: "c",
  RedriveCount: 0,
  StartDate: anyDate,
  StateMachineArn: childArn,
  StopDate: anyDate,
};
const succeeded = {
  ...description,
  OutputDetails: { Included: true },
  RedriveStatus: "NOT_REDRIVABLE",
  RedriveStatusReason: "Execution is SUCCEEDED and cannot be redriven",
  Status: "SUCCEEDED",
};

const rows: Row[] = [
  {
    title: "startExecution goes on as soon as the child has started",
    definition: one(nested("", { "Input.$": "$" })),
    others: waiting,
    input: { a: 1 },
    history: `${taskEvents} TaskSucceeded TaskStateExited`,
    output: { ExecutionArn: nameOf("c"), StartDate: anyDate },
    slept: [],
  },
  {
    title: ".sync gives what describes the child, its data as JSON text",
    definition: one(nested(".sync", { "Input.$": "$" })),
    others,
    input: { a: 1 },
    history: `${syncEvents} TaskSucceeded TaskStateExited`,
    output: { ...succeeded, Input: '{"a":1}', Output: '{"a":1}' },
  },
  {
    title: ".sync:2 gives what describes the child, its data as JSON",
    definition: one(nested(".sync:2", { Input: { b: 2 } })),
    others,
    history: `${syncEvents} TaskSucceeded TaskStateExited`,
    output: { ...succeeded, Input: { b: 2 }, Output: { b: 2 } },
  },
  {
    title: "an Input that is a string is the JSON text itself",
    definition: one(nested(".sync:2", { Input: "[1]" }, { ResultSelector: { "v.$": "$.Output" } })),
    others,
    history: `${syncEvents} TaskSucceeded TaskStateExited`,
    output: { v: [1] },
  },
  {
    title: "no Input is an empty object",
    definition: one(nested(".sync:2", {}, { ResultSelector: { "v.$": "$.Output" } })),
    others,
    history: `${syncEvents} TaskSucceeded TaskStateExited`,
    output: { v: {} },
  },
  {
    title: "Arguments in JSONata start a child",
    definition: {
      QueryLanguage: "JSONata",
      StartAt: "A",
      States: {
        A: {
          Type: "Task",
          Resource: "arn:aws:states:::states:startExecution.sync:2",
          Arguments: { StateMachineArn: childArn, Input: { n: "{% $states.input.a + 1 %}" } },
          Output: "{% $states.result.Output.n %}",
          End: true,
        },
      },
    },
    others,
    input: { a: 1 },
    history: `${syncEvents} TaskSucceeded TaskStateExited`,
    output: 2,
  },
  {
    title: "a child that failed is States.TaskFailed, its description the cause",
    definition: one(nested(".sync")),
    others: failing,
    history: `${syncEvents} TaskFailed`,
    status: "FAILED",
    error: "States.TaskFailed",
    cause:
      /^\{"Cause":"no stock","Error":"Child\.Failed","ExecutionArn":".*:child:c","Input":"\{\}",.*"Status":"FAILED","StopDate":\d+\}$/,
  },
  {
    title: "a child that timed out fails its Task too",
    definition: one(nested(".sync:2")),
    others: { child: one({ Type: "Wait", Seconds: 900 }, { TimeoutSeconds: 5 }) },
    history: `${syncEvents} TaskFailed`,
    status: "FAILED",
    error: "States.TaskFailed",
    cause: /"Status":"TIMED_OUT"/,
  },
  {
    title: "a child's failure is caught",
    definition: {
      StartAt: "A",
      States: {
        A: nested(".sync", {}, { Catch: [{ ErrorEquals: ["States.TaskFailed"], Next: "B" }], Next: "B" }),
        B: pass({ Parameters: { "e.$": "$.Error" } }),
      },
    },
    others: failing,
    history: `${syncEvents} TaskFailed TaskStateExited Pass`,
    output: { e: "States.TaskFailed" },
  },
  {
    title: "a retry starts another child",
    definition: one(
      nested(
        ".sync:2",
        { Name: undefined },
        { Retry: [{ ErrorEquals: ["States.TaskFailed"] }], ResultSelector: { "v.$": "$.Output.Payload" } },
      ),
    ),
    others: { child: one(lambdaTask()) },
    invoke: failsTimes(2),
    history: `TaskStateEntered ${attempt} TaskFailed ${attempt} TaskFailed ${attempt} TaskSucceeded TaskStateExited`,
    output: { v: "done" },
  },
  {
    title: "a state machine that is not there refuses the start",
    definition: one(nested(".sync")),
    history: `${taskEvents} TaskFailed`,
    status: "FAILED",
    error: "StepFunctions.StateMachineDoesNotExistException",
    cause: `State Machine Does Not Exist: '${childArn}'`,
  },
  {
    title: "a name that is taken refuses the start",
    definition: {
      StartAt: "A",
      States: { A: nested(".sync:2", {}, { Next: "B" }), B: nested("", {}, { End: true }) },
    },
    others,
    history: `${syncEvents} TaskSucceeded TaskStateExited ${taskEvents} TaskFailed`,
    status: "FAILED",
    error: "StepFunctions.ExecutionAlreadyExistsException",
  },
  {
    title: "an Input that is no JSON text refuses the start",
    definition: one(nested("", { Input: "plain" })),
    others,
    history: `${taskEvents} TaskFailed`,
    status: "FAILED",
    error: "StepFunctions.InvalidExecutionInputException",
  },
  {
    title: "no StateMachineArn is States.Runtime",
    definition: one({ Type: "Task", Resource: "arn:aws:states:::states:startExecution", Parameters: {} }),
    history: "TaskStateEntered",
    status: "FAILED",
    error: "States.Runtime",
  },
  {
    title: "a Name that is no string is States.Runtime",
    definition: one(nested("", { Name: 1 })),
    history: "TaskStateEntered",
    status: "FAILED",
    error: "States.Runtime",
  },
  {
    title: "a Task past its TimeoutSeconds is States.Timeout, whatever its child does",
    definition: one(nested(".sync", {}, { TimeoutSeconds: 3 })),
    others: { child: one(lambdaTask()) },
    invoke: never,
    history: `${syncEvents} TaskTimedOut`,
    status: "FAILED",
    error: "States.Timeout",
    slept: [3_000],
  },
  {
    title: "a child of a child is awaited through both",
    definition: one(nested(".sync:2", {}, { ResultSelector: { "v.$": "$.Output.v" } })),
    others: {
      child: one({
        ...nested(".sync:2", { StateMachineArn: `${base}:stateMachine:grandchild` }),
        ResultSelector: { "v.$": "$.Output" },
      }),
      grandchild: one(pass({ Result: 7 })),
    },
    history: `${syncEvents} TaskSucceeded TaskStateExited`,
    output: { v: 7 },
  },
  {
    title: "a failure of a grandchild's function fails all three",
    definition: one(nested(".sync")),
    others: {
      child: one(nested(".sync", { StateMachineArn: `${base}:stateMachine:grandchild` })),
      grandchild: one(lambdaTask()),
    },
    invoke: fails("Boom"),
    history: `${syncEvents} TaskFailed`,
    status: "FAILED",
    error: "States.TaskFailed",
    cause: /Boom/,
  },
];

testRows(rows);
