import { jsonata, one, pass, type Row, testRows } from "../testing/table.ts";

const rows: Row[] = [
  {
    title: "Assign in JSONata sees the variables as they were",
    definition: {
      QueryLanguage: "JSONata",
      StartAt: "A",
      States: {
        A: { Type: "Pass", Assign: { x: 1, y: 2 }, Next: "B" },
        B: { Type: "Pass", Assign: { x: "{% $y %}", y: "{% $x %}" }, Output: "{% $x %}", Next: "C" },
        C: pass({ Output: { in: "{% $states.input %}", x: "{% $x %}", y: "{% $y %}" } }),
      },
    },
    history: "Pass Pass Pass",
    output: { in: 1, x: 2, y: 1 },
  },
  {
    title: "JSONata templates keep what is no expression",
    definition: jsonata(
      pass({
        Output: {
          n: "{% $states.input.a + 1 %}",
          s: " {% no %} ",
          e: "",
          l: [1, "{%$states.input.a%}", null],
          name: "{% $states.context.State.Name %}",
        },
      }),
    ),
    input: { a: 1 },
    history: "Pass",
    output: { n: 2, s: " {% no %} ", e: "", l: [1, 1, null], name: "A" },
  },
  {
    title: "JSONata has the functions Step Functions adds",
    definition: jsonata(
      pass({
        Output: {
          p: "{% $partition([1,2,3], 2) %}",
          r: "{% $range(0, 4, 2) %}",
          h: "{% $hash('a', 'MD5') %}",
          j: "{% $parse('{\"x\":1}').x %}",
          same: "{% $random(3) = $random(3) %}",
          u: "{% $length($uuid()) %}",
        },
      }),
    ),
    history: "Pass",
    output: {
      p: [[1, 2], [3]],
      r: [0, 2, 4],
      h: "0cc175b9c0f1b6a831c399e269772661",
      j: 1,
      same: true,
      u: 36,
    },
  },
  {
    title: "a state in JSONata may stand in a machine in JSONPath",
    definition: one({ Type: "Pass", QueryLanguage: "JSONata", Output: "{% $states.input.a %}" }),
    input: { a: 5 },
    history: "Pass",
    output: 5,
  },
  {
    title: "an undefined JSONata value fails the execution",
    definition: jsonata(pass({ Output: { x: "{% $states.input.nope %}" } })),
    history: "PassStateEntered EvaluationFailed",
    status: "FAILED",
    error: "States.QueryEvaluationError",
    cause:
      "An error occurred while executing the state 'A' (entered at the event id #2). The JSONata expression '$states.input.nope' specified for the field 'Output/x' returned nothing (undefined).",
  },
  {
    title: "a JSONata error names its code",
    definition: jsonata(pass({ Output: "{% 'a' + 1 %}" })),
    history: "PassStateEntered EvaluationFailed",
    status: "FAILED",
    error: "States.QueryEvaluationError",
    cause: /threw an error during evaluation\. T2001: /,
  },
  {
    title: "an endless JSONata recursion is cut",
    definition: jsonata(pass({ Output: "{% ($f := function($n){ $f($n+1)+1 }; $f(1)) %}" })),
    history: "PassStateEntered EvaluationFailed",
    status: "FAILED",
    error: "States.QueryEvaluationError",
  },
  {
    title: "variables over 256 KiB in one state are States.DataLimitExceeded",
    definition: jsonata(
      pass({ Assign: { x: "{% $pad('', 131071, 'x') %}", y: "{% $pad('', 131071, 'x') %}" } }),
    ),
    history: "PassStateEntered EvaluationFailed",
    status: "FAILED",
    error: "States.DataLimitExceeded",
    cause: /Variable 'y' in state 'A' was assigned 131073 bytes, .* exceed its limit by 2 bytes\.$/,
  },
];

testRows(rows);
