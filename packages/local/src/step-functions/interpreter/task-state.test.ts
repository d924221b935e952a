import {
  failCause,
  fails,
  functionArn,
  invokeResource,
  jsonata,
  lambdaTask,
  never,
  okTask,
  one,
  pass,
  type Row,
  taskEvents,
  testRows,
} from "../testing/table.ts";

const rows: Row[] = [
  {
    title: "Task calls lambda:invoke with its Payload",
    definition: one(lambdaTask()),
    input: { a: 1 },
    history: okTask,
    output: { ExecutedVersion: "$LATEST", Payload: { a: 1 }, StatusCode: 200 },
  },
  {
    title: "Task shapes its result by ResultSelector, ResultPath and OutputPath",
    definition: one(
      lambdaTask({ ResultSelector: { "v.$": "$.Payload.a" }, ResultPath: "$.r", OutputPath: "$.r.v" }),
    ),
    input: { a: 1 },
    history: okTask,
    output: 1,
  },
  {
    title: "Task in JSONata has Arguments, result, Output and Assign",
    definition: {
      QueryLanguage: "JSONata",
      StartAt: "A",
      States: {
        A: {
          Type: "Task",
          Resource: invokeResource,
          Arguments: { FunctionName: "charge", Payload: { n: "{% $states.input.a %}", e: "" } },
          Assign: { got: "{% $states.result.Payload.n %}" },
          Output: "{% $states.result.StatusCode %}",
          Next: "B",
        },
        B: pass({ Output: ["{% $got %}", "{% $states.input %}"] }),
      },
    },
    input: { a: 4 },
    history: `${okTask} Pass`,
    output: [4, 200],
  },
  {
    title: "a direct function ARN has the LambdaFunction events and the bare payload",
    definition: one({ Type: "Task", Resource: functionArn }),
    input: { a: 1 },
    history:
      "TaskStateEntered LambdaFunctionScheduled LambdaFunctionStarted LambdaFunctionSucceeded TaskStateExited",
    output: { a: 1 },
  },
  {
    title: "a function's errorType is the error, the whole error the cause",
    definition: one(lambdaTask()),
    invoke: fails("Boom"),
    history: `${taskEvents} TaskFailed`,
    status: "FAILED",
    error: "Boom",
    cause: failCause,
  },
  {
    title: "a direct function's failure is LambdaFunctionFailed",
    definition: one({ Type: "Task", Resource: functionArn }),
    invoke: fails("Boom"),
    history: "TaskStateEntered LambdaFunctionScheduled LambdaFunctionStarted LambdaFunctionFailed",
    status: "FAILED",
    error: "Boom",
    cause: failCause,
  },
  {
    title: "a refused invocation is Lambda.<exception>",
    definition: one(lambdaTask()),
    invoke: async () => {
      throw Object.assign(new Error("Function not found"), { name: "ResourceNotFoundException" });
    },
    history: `${taskEvents} TaskFailed`,
    status: "FAILED",
    error: "Lambda.ResourceNotFoundException",
    cause: "Function not found",
  },
  {
    title: "a string Payload is the body and has to be JSON",
    definition: one(lambdaTask()),
    input: "plain",
    history: `${taskEvents} TaskFailed`,
    status: "FAILED",
    error: "Lambda.InvalidRequestContentException",
  },
  {
    title: "a Task past its TimeoutSeconds is States.Timeout, and the execution has failed",
    definition: one(lambdaTask({ TimeoutSeconds: 3 })),
    invoke: never,
    history: `${taskEvents} TaskTimedOut`,
    status: "FAILED",
    error: "States.Timeout",
    slept: [3_000],
  },
  {
    title: "a Task within its timeout does not wait for it",
    definition: jsonata({ Type: "Task", Resource: functionArn, TimeoutSeconds: "{% 2 + 1 %}" }),
    input: 1,
    history:
      "TaskStateEntered LambdaFunctionScheduled LambdaFunctionStarted LambdaFunctionSucceeded TaskStateExited",
    output: 1,
    slept: [],
  },
];

testRows(rows);
