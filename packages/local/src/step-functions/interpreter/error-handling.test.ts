import {
  failCause,
  fails,
  failsTimes,
  functionArn,
  invokeResource,
  lambdaTask,
  never,
  one,
  pass,
  type Row,
  taskEvents,
  testRows,
} from "../testing/table.ts";

const rows: Row[] = [
  {
    title: "Retry repeats with backoff and then succeeds",
    definition: one(
      lambdaTask({
        Retry: [
          { ErrorEquals: ["Busy"], IntervalSeconds: 2, BackoffRate: 3, MaxAttempts: 3, MaxDelaySeconds: 10 },
        ],
        ResultSelector: { "p.$": "$.Payload" },
      }),
    ),
    invoke: failsTimes(3),
    history: `${taskEvents} TaskFailed TaskScheduled TaskStarted TaskFailed TaskScheduled TaskStarted TaskFailed TaskScheduled TaskStarted TaskSucceeded TaskStateExited`,
    output: { p: "done" },
    slept: [2_000, 6_000, 10_000],
  },
  {
    title: "Retry gives up after MaxAttempts, by default three",
    definition: one(
      lambdaTask({ Retry: [{ ErrorEquals: ["States.ALL"], IntervalSeconds: 1, BackoffRate: 1 }] }),
    ),
    invoke: fails("Boom"),
    history: `${taskEvents} TaskFailed TaskScheduled TaskStarted TaskFailed TaskScheduled TaskStarted TaskFailed TaskScheduled TaskStarted TaskFailed`,
    status: "FAILED",
    error: "Boom",
    slept: [1_000, 1_000, 1_000],
  },
  {
    title: "retriers count apart, the first that matches is used",
    definition: one(
      lambdaTask({
        Retry: [
          { ErrorEquals: ["Other"], MaxAttempts: 9 },
          { ErrorEquals: ["States.TaskFailed"], MaxAttempts: 1, IntervalSeconds: 7 },
        ],
      }),
    ),
    invoke: fails("Boom"),
    history: `${taskEvents} TaskFailed TaskScheduled TaskStarted TaskFailed`,
    status: "FAILED",
    error: "Boom",
    slept: [7_000],
  },
  {
    title: "Catch goes on with the error output at ResultPath",
    definition: {
      StartAt: "A",
      States: {
        A: {
          ...lambdaTask(),
          Catch: [{ ErrorEquals: ["Boom"], ResultPath: "$.error", Next: "B" }],
          End: true,
        },
        B: pass(),
      },
    },
    input: { a: 1 },
    invoke: fails("Boom"),
    history: `${taskEvents} TaskFailed TaskStateExited Pass`,
    output: { a: 1, error: { Error: "Boom", Cause: failCause } },
  },
  {
    title: "Catch in JSONata sees $states.errorOutput and assigns",
    definition: {
      QueryLanguage: "JSONata",
      StartAt: "A",
      States: {
        A: {
          Type: "Task",
          Resource: functionArn,
          Catch: [
            {
              ErrorEquals: ["States.ALL"],
              Output: "{% $states.errorOutput.Error %}",
              Assign: { cause: "{% $parse($states.errorOutput.Cause).errorMessage %}" },
              Next: "B",
            },
          ],
          End: true,
        },
        B: pass({ Output: ["{% $states.input %}", "{% $cause %}"] }),
      },
    },
    invoke: fails("Boom"),
    history:
      "TaskStateEntered LambdaFunctionScheduled LambdaFunctionStarted LambdaFunctionFailed TaskStateExited Pass",
    output: ["Boom", "no"],
  },
  {
    title: "Catch takes a failed evaluation",
    definition: {
      QueryLanguage: "JSONata",
      StartAt: "A",
      States: {
        A: {
          Type: "Task",
          Resource: invokeResource,
          Arguments: { FunctionName: "{% $states.input.nope %}" },
          Catch: [{ ErrorEquals: ["States.QueryEvaluationError"], Next: "B", Output: "caught" }],
          End: true,
        },
        B: pass(),
      },
    },
    history: "TaskStateEntered EvaluationFailed TaskStateExited Pass",
    output: "caught",
  },
  {
    title: "nothing catches States.Runtime",
    definition: {
      StartAt: "A",
      States: {
        A: {
          ...lambdaTask({ Parameters: { FunctionName: "f", "Payload.$": "$.nope" } }),
          Retry: [{ ErrorEquals: ["States.ALL"] }],
          Catch: [{ ErrorEquals: ["States.ALL"], Next: "B" }],
          Next: "B",
        },
        B: pass(),
      },
    },
    history: "TaskStateEntered",
    status: "FAILED",
    error: "States.Runtime",
    slept: [],
  },
  {
    title: "States.TaskFailed does not take a timeout, States.Timeout does",
    definition: {
      StartAt: "A",
      States: {
        A: {
          ...lambdaTask({ TimeoutSecondsPath: "$.t" }),
          Catch: [
            { ErrorEquals: ["States.TaskFailed"], Next: "B" },
            { ErrorEquals: ["States.Timeout"], Next: "C" },
          ],
          End: true,
        },
        B: pass({ Result: "wrong" }),
        C: pass(),
      },
    },
    input: { t: 2 },
    invoke: never,
    history: `${taskEvents} TaskTimedOut TaskStateExited Pass`,
    output: { Error: "States.Timeout", Cause: "" },
  },
  {
    title: "an output over 256 KiB is States.DataLimitExceeded, which States.ALL takes",
    definition: {
      StartAt: "A",
      States: {
        A: { ...lambdaTask(), Catch: [{ ErrorEquals: ["States.ALL"], Next: "B" }], End: true },
        B: pass(),
      },
    },
    invoke: async () => ({ payload: "é".repeat(131_072) }),
    history: `${taskEvents} TaskFailed TaskStateExited Pass`,
    output: {
      Error: "States.DataLimitExceeded",
      Cause:
        "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit.",
    },
  },
];

testRows(rows);
