import { expect } from "vitest";
import type { Json } from "../json.ts";
import { lambdaTask, okTask, one, pass, type Row, testRows } from "../testing/table.ts";

const rows: Row[] = [
  {
    title: "Pass hands its input on",
    definition: one(pass()),
    input: { a: 1 },
    history: "Pass",
    output: { a: 1 },
  },
  {
    title: "Pass puts Result at ResultPath",
    definition: one(pass({ Result: [1, 2], ResultPath: "$.b.c" })),
    input: { a: 1 },
    history: "Pass",
    output: { a: 1, b: { c: [1, 2] } },
  },
  {
    title: "Pass shapes input by InputPath, Parameters, context and OutputPath",
    definition: one(
      pass({
        InputPath: "$.in",
        Parameters: { "v.$": "$.x", "id.$": "$$.Execution.Name", "s.$": "$$.State.Name", fixed: ["$.x"] },
        ResultPath: "$.out",
        OutputPath: "$.out",
      }),
    ),
    input: { in: { x: 7 } },
    history: "Pass",
    output: { v: 7, id: expect.any(String), s: "A", fixed: ["$.x"] } as unknown as Json,
  },
  {
    title: "null paths discard input and output",
    definition: one(pass({ InputPath: null, OutputPath: null })),
    input: { a: 1 },
    history: "Pass",
    output: {},
  },
  {
    title: "a null ResultPath keeps the input",
    definition: one(lambdaTask({ ResultPath: null })),
    input: { a: 1 },
    history: okTask,
    output: { a: 1 },
  },
  {
    title: "Assign in JSONPath sets variables that later states read",
    definition: {
      StartAt: "A",
      States: {
        A: { Type: "Pass", Assign: { "x.$": "$.a", y: 2 }, Next: "B" },
        B: pass({ Parameters: { "x.$": "$x", "sum.$": "States.MathAdd($x, $y)" } }),
      },
    },
    input: { a: 1 },
    history: "Pass Pass",
    output: { x: 1, sum: 3 },
  },
  {
    title: "a JSONPath to nothing fails the execution",
    definition: one(pass({ Parameters: { "x.$": "$.nope" } })),
    history: "PassStateEntered",
    status: "FAILED",
    error: "States.Runtime",
    cause:
      "An error occurred while executing the state 'A' (entered at the event id #2). The JSONPath '$.nope' specified for the field 'x.$' could not be found in the input '{}'",
  },
  {
    title: "ResultPath through a number is States.ResultPathMatchFailure",
    definition: one(pass({ Result: 1, ResultPath: "$.a.b" })),
    input: { a: 1 },
    history: "PassStateEntered",
    status: "FAILED",
    error: "States.ResultPathMatchFailure",
  },
  {
    title: "an intrinsic function that fails is States.IntrinsicFailure",
    definition: one(pass({ Parameters: { "x.$": "States.StringToJson('{')" } })),
    history: "PassStateEntered",
    status: "FAILED",
    error: "States.IntrinsicFailure",
    cause: /The function 'States\.StringToJson\('\{'\)' had the following error: /,
  },
];

testRows(rows);
