import { expect, test } from "vitest";
import { choiceOperators } from "../definition/choice-operators.ts";
import type { Json } from "../json.ts";
import { createMachine, ended, openHarness, start } from "../testing/harness.ts";

const input: Json = {
  s: "banana",
  star: "a*b",
  n: 5,
  t: true,
  when: "2026-01-01T00:00:00Z",
  later: "2026-01-01T02:00:00.5+01:00",
  nil: null,
  other: { s: "banana", n: 5, t: false, when: "2026-01-01T00:00:00.000Z" },
};

const holds: object[] = [
  { Variable: "$.s", StringEquals: "banana" },
  { Variable: "$.s", StringEqualsPath: "$.other.s" },
  { Variable: "$.s", StringLessThan: "c" },
  { Variable: "$.s", StringLessThanEquals: "banana" },
  { Variable: "$.s", StringGreaterThan: "apple" },
  { Variable: "$.s", StringGreaterThanEqualsPath: "$.other.s" },
  { Variable: "$.s", StringMatches: "b*n*a" },
  { Variable: "$.s", StringMatches: "*" },
  { Variable: "$.star", StringMatches: "a\\*b" },
  { Variable: "$.n", NumericEquals: 5 },
  { Variable: "$.n", NumericEqualsPath: "$.other.n" },
  { Variable: "$.n", NumericLessThan: 6 },
  { Variable: "$.n", NumericLessThanEqualsPath: "$.other.n" },
  { Variable: "$.n", NumericGreaterThan: 4.5 },
  { Variable: "$.n", NumericGreaterThanEquals: 5 },
  { Variable: "$.t", BooleanEquals: true },
  { Variable: "$.when", TimestampEqualsPath: "$.other.when" },
  { Variable: "$.when", TimestampLessThan: "2026-01-01T00:00:01Z" },
  { Variable: "$.later", TimestampGreaterThanPath: "$.when" },
  { Variable: "$.later", TimestampGreaterThanEquals: "2026-01-01T01:00:00Z" },
  { Variable: "$.when", TimestampLessThanEquals: "2026-01-01T00:00:00Z" },
  { Variable: "$.nil", IsNull: true },
  { Variable: "$.n", IsNull: false },
  { Variable: "$.n", IsNumeric: true },
  { Variable: "$.s", IsString: true },
  { Variable: "$.t", IsBoolean: true },
  { Variable: "$.when", IsTimestamp: true },
  { Variable: "$.s", IsTimestamp: false },
  { Variable: "$.nope", IsPresent: false },
  { Variable: "$.nil", IsPresent: true },
  { Variable: "$$.State.Name", StringEquals: "Choose" },
  { And: [{ Variable: "$.t", BooleanEquals: true }, { Not: { Variable: "$.n", NumericEquals: 6 } }] },
  {
    Or: [
      { Variable: "$.n", NumericEquals: 6 },
      { Variable: "$.n", NumericEquals: 5 },
    ],
  },
];

const fails: object[] = [
  { Variable: "$.s", StringEquals: "Banana" },
  { Variable: "$.s", NumericEquals: 5 },
  { Variable: "$.n", StringEquals: "5" },
  { Variable: "$.n", NumericLessThan: 5 },
  { Variable: "$.s", StringMatches: "ban*x" },
  { Variable: "$.s", StringMatches: "banana*a" },
  { Variable: "$.s", StringMatches: "b\\*a" },
  { Variable: "$.t", BooleanEqualsPath: "$.other.t" },
  { Variable: "$.s", TimestampLessThan: "2026-01-01T00:00:01Z" },
  { Not: { Variable: "$.t", BooleanEquals: true } },
  {
    And: [
      { Variable: "$.t", BooleanEquals: true },
      { Variable: "$.n", NumericEquals: 6 },
    ],
  },
];

const rows = [
  ...holds.map((rule) => ({ rule, expected: "yes" })),
  ...fails.map((rule) => ({ rule, expected: "no" })),
];

test.each(rows)("$rule is $expected", async ({ rule, expected }) => {
  const harness = openHarness();
  const machine = await createMachine(harness, {
    StartAt: "Choose",
    States: {
      Choose: { Type: "Choice", Choices: [{ ...rule, Next: "Yes" }], Default: "No" },
      Yes: { Type: "Pass", Result: "yes", End: true },
      No: { Type: "Pass", Result: "no", End: true },
    },
  });
  const described = await ended(harness, await start(harness, machine, input));
  await harness.close();
  expect(described["output"]).toBe(JSON.stringify(expected));
});

test("the language's thirty-nine comparison operators are there", () => {
  expect(choiceOperators.size).toBe(39);
});
