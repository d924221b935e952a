import { describe, expect, test } from "vitest";
import { AwsError } from "../../wire/aws-json.ts";
import { checkDefinition, parseDefinition } from "./parse.ts";

const lambda = "arn:aws:states:::lambda:invoke";
const one = (state: object, more: object = {}) => ({
  StartAt: "A",
  ...more,
  States: { A: { End: true, ...state } },
});
const task = (more: object) =>
  one({ Type: "Task", Resource: lambda, Parameters: { FunctionName: "f" }, ...more });
const choice = (rule: object) => ({
  StartAt: "A",
  States: { A: { Type: "Choice", Choices: [{ Next: "B", ...rule }] }, B: { Type: "Succeed" } },
});
const jsonata = { QueryLanguage: "JSONata" };

describe("a definition is refused by name of state and field", () => {
  test.each<[string, object, RegExp]>([
    [
      "Parallel",
      one({ Type: "Parallel", Branches: [] }),
      /state type "Parallel" is not supported here at \/States\/A\/Type/,
    ],
    ["Map", one({ Type: "Map" }), /state type "Map" is not supported here at \/States\/A\/Type/],
    ["unknown type", one({ Type: "Loop" }), /state type "Loop" is unknown/],
    [
      "HeartbeatSeconds",
      task({ HeartbeatSeconds: 3 }),
      /field "HeartbeatSeconds" is not supported here at \/States\/A\/HeartbeatSeconds/,
    ],
    [
      "HeartbeatSecondsPath",
      task({ HeartbeatSecondsPath: "$.h" }),
      /field "HeartbeatSecondsPath" is not supported here/,
    ],
    ["Credentials", task({ Credentials: {} }), /field "Credentials" is not supported here/],
    [
      "waitForTaskToken",
      task({ Resource: `${lambda}.waitForTaskToken` }),
      /"\.waitForTaskToken" in .* is not supported here at \/States\/A\/Resource/,
    ],
    [
      "sync",
      task({ Resource: "arn:aws:states:::glue:startJobRun.sync" }),
      /"\.sync" in .* is not supported here/,
    ],
    [
      "a nested execution with a task token",
      task({ Resource: "arn:aws:states:::states:startExecution.waitForTaskToken" }),
      /"\.waitForTaskToken" in .* is not supported here/,
    ],
    [
      "a nested execution with a parameter of another call",
      task({
        Resource: "arn:aws:states:::states:startExecution.sync:2",
        Parameters: { "TraceHeader.$": "$.t" },
      }),
      /parameter "TraceHeader\.\$" of states:startExecution is not supported here at \/States\/A\/Parameters\/TraceHeader/,
    ],
    [
      "another integration",
      task({ Resource: "arn:aws:states:::sqs:sendMessage" }),
      /service integration "arn:aws:states:::sqs:sendMessage" is not supported here/,
    ],
    [
      "an activity",
      task({ Resource: "arn:aws:states:us-east-1:000000000000:activity:x" }),
      /activity .* is not supported here/,
    ],
    ["no ARN", task({ Resource: "x" }), /is neither "arn:aws:states:::lambda:invoke" nor/],
    [
      "InvocationType",
      task({ Parameters: { FunctionName: "f", InvocationType: "Event" } }),
      /parameter "InvocationType" of lambda:invoke is not supported here at \/States\/A\/Parameters\/InvocationType/,
    ],
    [
      "unknown field",
      one({ Type: "Pass", Foo: 1 }),
      /field "Foo" is unknown in a Pass state at \/States\/A\/Foo/,
    ],
    [
      "unknown field of the machine",
      one({ Type: "Pass" }, { Foo: 1 }),
      /field "Foo" is unknown in a state machine at \/Foo/,
    ],
    [
      "unknown field of a retrier",
      task({ Retry: [{ ErrorEquals: ["a"], Foo: 1 }] }),
      /field "Foo" is unknown in a Task state at \/States\/A\/Retry\/0\/Foo/,
    ],
    [
      "unknown field of a catcher",
      task({ Catch: [{ ErrorEquals: ["a"], Next: "A", Foo: 1 }] }),
      /field "Foo" is unknown/,
    ],
    [
      "JSONata field in JSONPath",
      task({ Arguments: {} }),
      /field "Arguments" is one of JSONata, the state's QueryLanguage is JSONPath/,
    ],
    [
      "JSONPath field in JSONata",
      one({ Type: "Pass", Parameters: {} }, jsonata),
      /field "Parameters" is one of JSONPath, the state's QueryLanguage is JSONata/,
    ],
    ["Result in JSONata", one({ Type: "Pass", Result: 1 }, jsonata), /field "Result" is one of JSONPath/],
    [
      "a JSONPath state in JSONata",
      one({ Type: "Pass", QueryLanguage: "JSONPath" }, jsonata),
      /cannot have a state in JSONPath/,
    ],
    [
      "a JSONPath Output in Catch",
      task({ Catch: [{ ErrorEquals: ["a"], Next: "A", Output: 1 }] }),
      /field "Output" is one of JSONata/,
    ],
    [
      "States.ALL beside others",
      task({ Retry: [{ ErrorEquals: ["States.ALL", "x"] }] }),
      /"States\.ALL" must stand alone at \/States\/A\/Retry\[0\]/,
    ],
    [
      "States.ALL not last",
      task({ Retry: [{ ErrorEquals: ["States.ALL"] }, { ErrorEquals: ["x"] }] }),
      /must stand in the last entry/,
    ],
    [
      "both Next and End",
      { StartAt: "A", States: { A: { Type: "Pass", Next: "A", End: true } } },
      /exactly one of "Next" and "End"/,
    ],
    [
      "neither Next nor End",
      { StartAt: "A", States: { A: { Type: "Pass" } } },
      /exactly one of "Next" and "End"/,
    ],
    [
      "a Next to nothing",
      { StartAt: "A", States: { A: { Type: "Pass", Next: "Z" } } },
      /MISSING_TRANSITION_TARGET: state "Z" does not exist at \/States\/A\/Next/,
    ],
    [
      "an unreachable state",
      { StartAt: "A", States: { A: { Type: "Succeed" }, B: { Type: "Succeed" } } },
      /state "B" is not reachable/,
    ],
    [
      "StartAt to nothing",
      { StartAt: "Z", States: { A: { Type: "Succeed" } } },
      /state "Z" does not exist at \/StartAt/,
    ],
    ["no States", { StartAt: "Z", States: {} }, /at least one state/],
    [
      "a bad path",
      one({ Type: "Pass", InputPath: "a" }),
      /path "a" does not start with "\$" at \/States\/A\/InputPath/,
    ],
    [
      "a filter in a path",
      one({ Type: "Pass", InputPath: "$.a[?(@.b)]" }),
      /filter in path .* is not supported here/,
    ],
    [
      "an unknown intrinsic function",
      one({ Type: "Pass", Parameters: { "a.$": "States.Nope()" } }),
      /intrinsic function "States\.Nope" is unknown at \/States\/A\/Parameters\/a\.\$/,
    ],
    [
      "a template value that is no path",
      one({ Type: "Pass", Parameters: { "a.$": 1 } }),
      /"a\.\$" expects a path or an intrinsic function/,
    ],
    [
      "a field named twice",
      one({ Type: "Pass", Parameters: { "a.$": "$", a: 1 } }),
      /"a\.\$" and "a" name the same field/,
    ],
    ["a ResultPath into the context", one({ Type: "Pass", ResultPath: "$$.x" }), /is no reference path/],
    [
      "bad JSONata",
      one({ Type: "Pass", Output: { x: "{% 1 + %}" } }, jsonata),
      /JSONata expression "1 \+": .* at \/States\/A\/Output\/x/,
    ],
    ["$eval", one({ Type: "Pass", Output: "{% $eval('1') %}" }, jsonata), /function \$eval does not exist/],
    ["half an expression", one({ Type: "Pass", Output: "{% 1" }, jsonata), /does not end with "%}"/],
    [
      "the variable states",
      one({ Type: "Pass", Assign: { states: 1 } }, jsonata),
      /"states" cannot be the name of a variable/,
    ],
    [
      "a Choice rule of two operators",
      choice({ Variable: "$.a", IsNull: true, IsString: true }),
      /exactly one operator, here 2: IsNull, IsString/,
    ],
    [
      "an unknown operator",
      choice({ Variable: "$.a", StringIs: "x" }),
      /operator "StringIs" is unknown at \/States\/A\/Choices\[0\]\/StringIs/,
    ],
    ["an operand of another type", choice({ Variable: "$.a", NumericEquals: "1" }), /expected a number/],
    ["no Variable", choice({ IsNull: true }), /field "Variable" is required/],
    [
      "Next inside And",
      choice({ And: [{ Variable: "$.a", IsNull: true, Next: "B" }] }),
      /exactly one operator, here 2/,
    ],
    ["Condition in JSONPath", choice({ Condition: "{% true %}" }), /field "Condition" is one of JSONata/],
    ["two waits", one({ Type: "Wait", Seconds: 1, SecondsPath: "$.s" }), /exactly one of Seconds, Timestamp/],
    ["a bad Timestamp", one({ Type: "Wait", Timestamp: "tomorrow" }), /expected an RFC 3339 timestamp/],
    ["an expression in JSONPath", task({ TimeoutSeconds: "{% 1 %}" }), /expected a number in JSONPath/],
    [
      "a wrong BackoffRate",
      task({ Retry: [{ ErrorEquals: ["x"], BackoffRate: 0.5 }] }),
      /Retry\/0\/BackoffRate/,
    ],
    [
      "Error beside ErrorPath",
      { StartAt: "A", States: { A: { Type: "Fail", Error: "x", ErrorPath: "$.e" } } },
      /at most one of Error, ErrorPath/,
    ],
    ["a Version other than 1.0", one({ Type: "Pass" }, { Version: "2.0" }), /\/Version/],
  ])("%s", (_what, definition, message) => {
    const text = JSON.stringify(definition);
    expect(() => parseDefinition(text)).toThrow(message);
    expect(() => parseDefinition(text)).toThrow(AwsError);
  });
});

test("text that is no JSON is refused", () => {
  expect(checkDefinition("{").problems).toMatchObject([{ code: "INVALID_JSON_DESCRIPTION", location: "/" }]);
});

test("every problem of a definition is named", () => {
  const definition = { StartAt: "A", States: { A: { Type: "Map" }, B: { Type: "Pass", End: true, Foo: 1 } } };
  const { problems } = checkDefinition(JSON.stringify(definition));
  expect(problems.map(({ location }) => location)).toEqual(["/States/A/Type", "/States/B/Foo"]);
});
