import { parsePath } from "../expression/json-path-syntax.ts";
import { timestampMillis } from "../expression/timestamp.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { checkExpressions } from "./check-expressions.ts";
import { type ChoiceOperator, choiceOperators } from "./choice-operators.ts";
import type { Problems } from "./problem.ts";
import type { ChoiceState, QueryLanguage } from "./state-machine.ts";

const ruleFields = ["Next", "Comment", "Assign"];
const testFields = ["Variable", "Comment"];

/** Checks the rules of a Choice state. */
export function checkChoices(
  state: ChoiceState,
  language: QueryLanguage,
  location: string,
  problems: Problems,
): void {
  state.Choices.forEach((rule, index) => {
    const at = `${location}/Choices[${index}]`;
    checkExpressions(rule, language, at, problems);
    if (language === "JSONata") checkConditionRule(rule, at, problems);
    else checkTest(rule as JsonObject, ruleFields, at, problems);
  });
}

function checkConditionRule(rule: Readonly<Record<string, unknown>>, at: string, problems: Problems): void {
  if (rule["Condition"] === undefined) problems.add(at, 'field "Condition" is required in JSONata');
  for (const field of Object.keys(rule)) {
    if (![...ruleFields, "Condition", "Output"].includes(field)) {
      problems.add(`${at}/${field}`, `field "${field}" is unknown in a JSONata Choice rule`);
    }
  }
}

function checkTest(rule: JsonObject, also: readonly string[], at: string, problems: Problems): void {
  const operators = Object.keys(rule).filter((field) => !also.includes(field) && field !== "Variable");
  const [operator, ...more] = operators;
  if (operator === undefined || more.length > 0) {
    problems.add(
      at,
      `a Choice rule has exactly one operator, here ${operators.length}: ${operators.join(", ")}`,
    );
    return;
  }
  const operand = rule[operator] as Json;
  const inner = `${at}/${operator}`;
  if (operator === "And" || operator === "Or") checkList(operand, inner, problems);
  else if (operator === "Not") checkInner(operand, inner, problems);
  else checkComparison(rule["Variable"], operator, operand, at, problems);
}

function checkList(operand: Json, at: string, problems: Problems): void {
  if (!Array.isArray(operand) || operand.length === 0) problems.add(at, "expected a list of rules");
  else
    operand.forEach((rule, index) => {
      checkInner(rule, `${at}[${index}]`, problems);
    });
}

function checkInner(rule: Json, at: string, problems: Problems): void {
  if (isObject(rule)) checkTest(rule, testFields, at, problems);
  else problems.add(at, "expected a rule");
}

function checkComparison(
  variable: Json | undefined,
  name: string,
  operand: Json,
  at: string,
  problems: Problems,
): void {
  const operator = choiceOperators.get(name);
  if (!operator) {
    problems.add(`${at}/${name}`, `operator "${name}" is unknown`);
    return;
  }
  if (typeof variable === "string") problems.attempt(`${at}/Variable`, () => parsePath(variable));
  else problems.add(at, 'field "Variable" is required with a comparison');
  checkOperand(operator, operand, `${at}/${name}`, problems);
}

function checkOperand(operator: ChoiceOperator, operand: Json, at: string, problems: Problems): void {
  if (operator.isPath && typeof operand === "string") problems.attempt(at, () => parsePath(operand));
  else if (operator.isPath) problems.add(at, "expected a path");
  else if (operator.operand === "timestamp") {
    if (timestampMillis(operand) === undefined) problems.add(at, "expected an RFC 3339 timestamp");
  } else if (typeof operand !== operator.operand) problems.add(at, `expected a ${operator.operand}`);
}
