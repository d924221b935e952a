import { pass, type Row, testRows } from "../testing/table.ts";

const rows: Row[] = [
  {
    title: "Choice without a match and without Default is States.NoChoiceMatched",
    definition: {
      StartAt: "A",
      States: {
        A: { Type: "Choice", Choices: [{ Variable: "$.a", IsNull: true, Next: "B" }] },
        B: pass(),
      },
    },
    input: { a: 1 },
    history: "ChoiceStateEntered",
    status: "FAILED",
    error: "States.NoChoiceMatched",
  },
  {
    title: "Choice on a path to nothing is States.Runtime",
    definition: {
      StartAt: "A",
      States: { A: { Type: "Choice", Choices: [{ Variable: "$.a", IsNull: true, Next: "B" }] }, B: pass() },
    },
    history: "ChoiceStateEntered",
    status: "FAILED",
    error: "States.Runtime",
    cause: /Invalid path '\$\.a': The choice state's condition path references an invalid value\.$/,
  },
  {
    title: "Choice in JSONata has Condition, and Output and Assign by rule",
    definition: {
      QueryLanguage: "JSONata",
      StartAt: "A",
      States: {
        A: {
          Type: "Choice",
          Choices: [
            { Condition: false, Next: "B" },
            { Condition: "{% $states.input.n > 1 %}", Output: "{% 'big' %}", Assign: { v: 1 }, Next: "B" },
          ],
          Default: "B",
          Output: "small",
          Assign: { v: 0 },
        },
        B: pass({ Output: ["{% $states.input %}", "{% $v %}"] }),
      },
    },
    input: { n: 2 },
    history: "Choice Pass",
    output: ["big", 1],
  },
  {
    title: "Choice in JSONata takes Default with the state's own Output",
    definition: {
      QueryLanguage: "JSONata",
      StartAt: "A",
      States: {
        A: {
          Type: "Choice",
          Choices: [{ Condition: "{% $states.input.n > 1 %}", Next: "B" }],
          Default: "B",
          Output: "small",
        },
        B: pass(),
      },
    },
    input: { n: 0 },
    history: "Choice Pass",
    output: "small",
  },
  {
    title: "a Condition that is no boolean is States.QueryEvaluationError",
    definition: {
      QueryLanguage: "JSONata",
      StartAt: "A",
      States: { A: { Type: "Choice", Choices: [{ Condition: "{% 1 %}", Next: "B" }] }, B: pass() },
    },
    history: "ChoiceStateEntered EvaluationFailed",
    status: "FAILED",
    error: "States.QueryEvaluationError",
  },
];

testRows(rows);
