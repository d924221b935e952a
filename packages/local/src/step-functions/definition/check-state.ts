import { timestampMillis } from "../expression/timestamp.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { checkChoices } from "./check-choice.ts";
import { checkExpressions } from "./check-expressions.ts";
import { languageOf, refusalOfField, refusalOfLanguage, stateTypesNotDone } from "./fields.ts";
import type { Problems } from "./problem.ts";
import {
  type QueryLanguage,
  type State,
  stateSchemas,
  type TaskState,
  type WaitState,
} from "./state-machine.ts";
import { type Integration, readTaskResource, refusedParameters } from "./task-resource.ts";

/** Checks one state and returns it typed, or undefined when its shape is wrong. */
export function checkState(
  value: Json,
  machineLanguage: QueryLanguage,
  location: string,
  problems: Problems,
): State | undefined {
  if (!isObject(value)) {
    problems.add(location, "a state is an object");
    return undefined;
  }
  const state = checkShape(value, location, problems);
  if (!state) return undefined;
  const language = languageOf(state, machineLanguage);
  if (machineLanguage === "JSONata" && language === "JSONPath") {
    problems.add(`${location}/QueryLanguage`, "a state machine in JSONata cannot have a state in JSONPath");
  }
  checkLanguageFields(state, language, location, problems);
  checkExpressions({ ...state }, language, location, problems);
  if ("End" in stateSchemas[state.Type].shape) checkTransition(state, location, problems);
  checkKind(state, language, location, problems);
  return state;
}

function checkShape(value: JsonObject, location: string, problems: Problems): State | undefined {
  const type = value["Type"];
  if (typeof type !== "string" || !Object.hasOwn(stateSchemas, type)) {
    const isNotDone = typeof type === "string" && stateTypesNotDone.includes(type);
    const what = `state type ${JSON.stringify(type)}`;
    problems.add(`${location}/Type`, isNotDone ? `${what} is not supported here` : `${what} is unknown`);
    return undefined;
  }
  const parsed = stateSchemas[type as keyof typeof stateSchemas].safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const at = [location, ...issue.path.map(String)].join("/");
    if (issue.code !== "unrecognized_keys") problems.add(at, issue.message);
    else for (const key of issue.keys) problems.add(`${at}/${key}`, refusalOfField(type, key));
  }
  return undefined;
}

function checkLanguageFields(
  state: State,
  language: QueryLanguage,
  location: string,
  problems: Problems,
): void {
  const inner = state.Type === "Task" ? (state.Catch ?? []) : state.Type === "Choice" ? state.Choices : [];
  const field = state.Type === "Task" ? "Catch" : "Choices";
  const holders: [string, object][] = [
    [location, state],
    ...inner.map((holder, index): [string, object] => [`${location}/${field}[${index}]`, holder]),
  ];
  for (const [at, holder] of holders) {
    for (const field of Object.keys(holder)) {
      const refusal = refusalOfLanguage(language, field);
      if (refusal) problems.add(`${at}/${field}`, refusal);
    }
  }
}

function checkTransition(state: State, location: string, problems: Problems): void {
  const held = state as { readonly Next?: string | undefined; readonly End?: true | undefined };
  if ((held.Next === undefined) === (held.End === undefined)) {
    problems.add(location, 'exactly one of "Next" and "End" is required');
  }
}

function checkKind(state: State, language: QueryLanguage, location: string, problems: Problems): void {
  if (state.Type === "Choice") checkChoices(state, language, location, problems);
  if (state.Type === "Wait") checkWait(state, language, location, problems);
  if (state.Type === "Task") checkTask(state, language, location, problems);
  if (state.Type === "Pass" && language === "JSONata" && "Result" in state) {
    problems.add(
      `${location}/Result`,
      'field "Result" is one of JSONPath, the state\'s QueryLanguage is JSONata',
    );
  }
  if (state.Type === "Fail") {
    for (const field of ["Error", "Cause"] as const)
      atMostOne(state, [field, `${field}Path`], location, problems);
  }
}

function atMostOne(holder: object, fields: readonly string[], location: string, problems: Problems): void {
  if (fields.filter((field) => field in holder).length > 1) {
    problems.add(location, `at most one of ${fields.join(", ")} may stand`);
  }
}

function checkWait(state: WaitState, language: QueryLanguage, location: string, problems: Problems): void {
  const given = ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"].filter((field) => field in state);
  if (given.length !== 1)
    problems.add(location, `exactly one of Seconds, Timestamp and their paths is required`);
  if (language === "JSONPath" && typeof state.Seconds === "string") {
    problems.add(`${location}/Seconds`, "expected a number in JSONPath");
  }
  const isQuery = language === "JSONata" && state.Timestamp?.startsWith("{%");
  if (state.Timestamp !== undefined && !isQuery && timestampMillis(state.Timestamp) === undefined) {
    problems.add(`${location}/Timestamp`, "expected an RFC 3339 timestamp");
  }
}

function checkTask(state: TaskState, language: QueryLanguage, location: string, problems: Problems): void {
  const resource = readTaskResource(state.Resource);
  if (typeof resource === "string") problems.add(`${location}/Resource`, resource);
  else if (resource.kind !== "lambda-function") checkParameters(resource.kind, state, location, problems);
  atMostOne(state, ["TimeoutSeconds", "TimeoutSecondsPath"], location, problems);
  if (language === "JSONPath" && typeof state.TimeoutSeconds === "string") {
    problems.add(`${location}/TimeoutSeconds`, "expected a number in JSONPath");
  }
  for (const field of ["Retry", "Catch"] as const) checkErrorNames(state, field, location, problems);
  state.Catch?.forEach((catcher, index) => {
    checkExpressions(catcher, language, `${location}/Catch[${index}]`, problems);
  });
}

function checkParameters(
  integration: Integration,
  state: TaskState,
  location: string,
  problems: Problems,
): void {
  for (const field of ["Parameters", "Arguments"] as const) {
    for (const [key, why] of refusedParameters(integration, state[field] ?? null)) {
      problems.add(`${location}/${field}/${key}`, why);
    }
  }
}

function checkErrorNames(
  state: TaskState,
  field: "Retry" | "Catch",
  location: string,
  problems: Problems,
): void {
  const entries = state[field] ?? [];
  entries.forEach(({ ErrorEquals }, index) => {
    const at = `${location}/${field}[${index}]/ErrorEquals`;
    if (!ErrorEquals.includes("States.ALL")) return;
    if (ErrorEquals.length > 1) problems.add(at, '"States.ALL" must stand alone');
    if (index < entries.length - 1) problems.add(at, '"States.ALL" must stand in the last entry');
  });
}
