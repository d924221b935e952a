import jsonata from "jsonata";
import { queryError } from "../interpreter/state-error.ts";
import { isObject, type Json } from "../json.ts";
import { registerFunctions } from "./jsonata-functions.ts";

/** What an expression sees: `$states` and the variables. */
export interface QueryScope {
  readonly states: Readonly<Record<string, Json>>;
  readonly variables: Readonly<Record<string, Json>>;
}

const limits = { timeout: 2_000, stack: 1_000 };
const cacheSize = 1_000;
const cache = new Map<string, jsonata.Expression>();

/** The expression inside `{% %}`, or undefined for a string that is plain text. */
export function expressionIn(text: string): string | undefined {
  if (!text.startsWith("{%") || !text.endsWith("%}") || text.length < 4) return undefined;
  return text.slice(2, -2).trim();
}

/** Checks the syntax of an expression. @throws {Error} naming what is wrong, or a function AWS does not have. */
export function checkExpression(expression: string): void {
  try {
    const ast = compile(expression).ast();
    if (callsEval(ast)) throw new Error("function $eval does not exist in Step Functions");
  } catch (error) {
    throw new Error(`JSONata expression "${expression}": ${messageOf(error)}`);
  }
}

/**
 * Fills a JSONata template: strings in `{% %}` are evaluated, all else stands.
 *
 * @throws {StateError} `States.QueryEvaluationError`, naming the place under `location`.
 */
export async function fillQueries(template: Json, scope: QueryScope, location: string): Promise<Json> {
  if (typeof template === "string") {
    const expression = expressionIn(template);
    return expression === undefined ? template : evaluateQuery(expression, scope, location);
  }
  if (Array.isArray(template)) {
    return Promise.all(template.map((item, index) => fillQueries(item, scope, `${location}[${index}]`)));
  }
  if (!isObject(template)) return template;
  const entries = Object.entries(template).map(async ([key, value]) => [
    key,
    await fillQueries(value, scope, `${location}/${key}`),
  ]);
  return Object.fromEntries(await Promise.all(entries)) as Json;
}

async function evaluateQuery(expression: string, scope: QueryScope, location: string): Promise<Json> {
  const subject = `The JSONata expression '${expression}' specified for the field '${location}'`;
  let result: unknown;
  try {
    result = await compile(expression).evaluate(undefined, { ...scope.variables, states: scope.states });
  } catch (error) {
    const code = isObject(error) && typeof error["code"] === "string" ? `${error["code"]}: ` : "";
    throw queryError(`${subject} threw an error during evaluation. ${code}${messageOf(error)}`, location);
  }
  if (result === undefined) throw queryError(`${subject} returned nothing (undefined).`, location);
  const unfit = findUnfit(result);
  if (unfit) throw queryError(`${subject} returned an unsupported result type: ${unfit}.`, location);
  return JSON.parse(JSON.stringify(result)) as Json;
}

function compile(text: string): jsonata.Expression {
  const cached = cache.get(text);
  if (cached) return cached;
  const expression = jsonata(text, limits);
  registerFunctions(expression);
  if (cache.size >= cacheSize) cache.clear();
  cache.set(text, expression);
  return expression;
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return isObject(error) && typeof error["message"] === "string" ? error["message"] : String(error);
}

function callsEval(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(callsEval);
  if (!isObject(node)) return false;
  if (node["type"] === "variable" && node["value"] === "eval") return true;
  return Object.values(node).some(callsEval);
}

/** Names the first thing in an expression's result that JSON cannot hold. */
function findUnfit(value: unknown): string | undefined {
  if (typeof value === "function") return "function";
  if (typeof value === "number" && !Number.isFinite(value)) return "number out of range";
  if (typeof value !== "object" || value === null) return undefined;
  if ("_jsonata_lambda" in value || "_jsonata_function" in value) return "function";
  for (const held of Object.values(value)) {
    const unfit = findUnfit(held);
    if (unfit) return unfit;
  }
  return undefined;
}
