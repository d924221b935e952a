import { jsonata, one, type Row, testRows } from "../testing/table.ts";

const rows: Row[] = [
  {
    title: "Succeed ends with its output",
    definition: one({ Type: "Succeed", OutputPath: "$.a", End: undefined }),
    input: { a: 1 },
    history: "Succeed",
    output: 1,
  },
  {
    title: "Succeed in JSONata has Output",
    definition: {
      QueryLanguage: "JSONata",
      StartAt: "A",
      States: { A: { Type: "Succeed", Output: "{% 3 %}" } },
    },
    history: "Succeed",
    output: 3,
  },
  {
    title: "Fail ends with its error and cause",
    definition: { StartAt: "A", States: { A: { Type: "Fail", Error: "E", Cause: "C" } } },
    history: "FailStateEntered",
    status: "FAILED",
    error: "E",
    cause: "C",
  },
  {
    title: "Fail reads its error by path and its cause by function",
    definition: {
      StartAt: "A",
      States: { A: { Type: "Fail", ErrorPath: "$.e", CausePath: "States.Format('because {}', $.c)" } },
    },
    input: { e: "E", c: 1 },
    history: "FailStateEntered",
    status: "FAILED",
    error: "E",
    cause: "because 1",
  },
  {
    title: "Fail evaluates error and cause in JSONata",
    definition: {
      QueryLanguage: "JSONata",
      StartAt: "A",
      States: { A: { Type: "Fail", Error: "{% $states.input.e %}", Cause: "plain" } },
    },
    input: { e: "E" },
    history: "FailStateEntered",
    status: "FAILED",
    error: "E",
    cause: "plain",
  },
  {
    title: "Wait waits for Seconds",
    definition: one({ Type: "Wait", Seconds: 30 }),
    history: "Wait",
    output: {},
    slept: [30_000],
  },
  {
    title: "Wait waits for SecondsPath",
    definition: one({ Type: "Wait", SecondsPath: "$.s" }),
    input: { s: 5 },
    history: "Wait",
    output: { s: 5 },
    slept: [5_000],
  },
  {
    title: "Wait waits until Timestamp in JSONata",
    definition: jsonata({ Type: "Wait", Timestamp: "{% $states.input.t %}", Output: "{% 'woke' %}" }),
    input: { t: "2026-01-02T03:04:06.678Z" },
    history: "Wait",
    output: "woke",
    slept: [1_000],
  },
  {
    title: "Wait does not wait for a moment that has passed",
    definition: one({ Type: "Wait", Timestamp: "2020-01-01T00:00:00Z" }),
    history: "Wait",
    output: {},
    slept: [],
  },
  {
    title: "Wait refuses seconds that are no whole number",
    definition: one({ Type: "Wait", SecondsPath: "$.s" }),
    input: { s: 1.5 },
    history: "WaitStateEntered",
    status: "FAILED",
    error: "States.Runtime",
  },
  {
    title: "a machine past its TimeoutSeconds is TIMED_OUT without error or cause",
    definition: one({ Type: "Wait", Seconds: 100 }, { TimeoutSeconds: 10 }),
    history: "WaitStateEntered",
    status: "TIMED_OUT",
    slept: [10_000],
  },
  {
    title: "a machine within its TimeoutSeconds ends by itself",
    definition: one({ Type: "Wait", Seconds: 3 }, { TimeoutSeconds: 10 }),
    history: "Wait",
    output: {},
    slept: [3_000],
  },
];

testRows(rows);
