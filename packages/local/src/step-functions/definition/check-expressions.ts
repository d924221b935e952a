import { checkIntrinsic } from "../expression/intrinsic.ts";
import { isIntrinsicCall } from "../expression/intrinsic-syntax.ts";
import { parsePath } from "../expression/json-path-syntax.ts";
import { checkExpression, expressionIn } from "../expression/jsonata.ts";
import { parseResultPath } from "../expression/result-path.ts";
import { isObject, type Json } from "../json.ts";
import type { Problems } from "./problem.ts";
import type { QueryLanguage } from "./state-machine.ts";

/** Fields that hold one path, in JSONPath. */
const pathFields = ["InputPath", "OutputPath", "TimeoutSecondsPath", "SecondsPath", "TimestampPath"];
/** Fields that hold a path or an intrinsic function, in JSONPath. */
const pathOrIntrinsicFields = ["ErrorPath", "CausePath"];
/** Fields that hold a payload template, in JSONPath. */
const templateFields = ["Parameters", "ResultSelector", "Assign"];
/** Fields that hold a template or an expression, in JSONata. */
const queryFields = [
  ...["Arguments", "Output", "Assign", "Condition"],
  ...["TimeoutSeconds", "Seconds", "Timestamp", "Error", "Cause"],
];
const variableName = /^[A-Za-z_][A-Za-z0-9_]{0,79}$/;

/** Checks every path, intrinsic function and JSONata expression of a state, a catcher or a Choice rule. */
export function checkExpressions(
  holder: Readonly<Record<string, unknown>>,
  language: QueryLanguage,
  location: string,
  problems: Problems,
): void {
  for (const [field, value] of Object.entries(holder)) {
    const at = `${location}/${field}`;
    if (field === "Assign") checkVariableNames(value as Json, language, at, problems);
    if (language === "JSONata" && queryFields.includes(field)) checkQueries(value as Json, at, problems);
    if (language === "JSONPath") checkPathField(field, value as Json, at, problems);
  }
}

function checkPathField(field: string, value: Json, at: string, problems: Problems): void {
  if (templateFields.includes(field)) checkTemplate(value, at, problems);
  if (typeof value !== "string") return;
  if (field === "ResultPath") problems.attempt(at, () => parseResultPath(value));
  if (pathFields.includes(field)) problems.attempt(at, () => parsePath(value));
  if (pathOrIntrinsicFields.includes(field)) problems.attempt(at, () => checkPathOrIntrinsic(value));
}

function checkPathOrIntrinsic(text: string): void {
  if (isIntrinsicCall(text)) checkIntrinsic(text);
  else parsePath(text);
}

function checkTemplate(template: Json, location: string, problems: Problems): void {
  if (Array.isArray(template)) {
    template.forEach((item, index) => {
      checkTemplate(item, `${location}[${index}]`, problems);
    });
    return;
  }
  if (!isObject(template)) return;
  for (const [key, value] of Object.entries(template)) {
    const at = `${location}/${key}`;
    if (!key.endsWith(".$")) checkTemplate(value, at, problems);
    else if (typeof value === "string") problems.attempt(at, () => checkPathOrIntrinsic(value));
    else problems.add(at, `"${key}" expects a path or an intrinsic function`);
    if (key.endsWith(".$") && Object.hasOwn(template, key.slice(0, -2))) {
      problems.add(at, `"${key}" and "${key.slice(0, -2)}" name the same field`);
    }
  }
}

function checkQueries(template: Json, location: string, problems: Problems): void {
  if (typeof template === "string") problems.attempt(location, () => checkQuery(template));
  else if (Array.isArray(template)) {
    template.forEach((item, index) => {
      checkQueries(item, `${location}[${index}]`, problems);
    });
  } else if (isObject(template)) {
    for (const [key, value] of Object.entries(template)) checkQueries(value, `${location}/${key}`, problems);
  }
}

function checkQuery(text: string): void {
  const expression = expressionIn(text);
  if (expression !== undefined) checkExpression(expression);
  else if (text.startsWith("{%")) throw new Error(`"${text}" starts with "{%" and does not end with "%}"`);
}

function checkVariableNames(
  assign: Json,
  language: QueryLanguage,
  location: string,
  problems: Problems,
): void {
  if (!isObject(assign)) return;
  for (const key of Object.keys(assign)) {
    const name = language === "JSONPath" ? key.replace(/\.\$$/, "") : key;
    if (!variableName.test(name) || name === "states") {
      problems.add(`${location}/${key}`, `"${name}" cannot be the name of a variable`);
    }
  }
}
