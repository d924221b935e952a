import { AwsError } from "../../wire/aws-json.ts";
import { type Json, type JsonObject, parseJson } from "../json.ts";
import { checkState } from "./check-state.ts";
import { type Problem, Problems } from "./problem.ts";
import {
  machineSchema,
  type QueryLanguage,
  type State,
  type StateMachineDefinition,
} from "./state-machine.ts";

/** The most bytes a definition may take. */
export const definitionLimitBytes = 1_048_576;

/**
 * Reads a definition.
 *
 * @throws {AwsError} `InvalidDefinition` naming the state and field of everything that is wrong or not done.
 */
export function parseDefinition(text: string): StateMachineDefinition {
  const { definition, problems } = checkDefinition(text);
  if (definition) return definition;
  const list = problems.map(({ code, message, location }) => `${code}: ${message} at ${location}`).join(", ");
  throw new AwsError("InvalidDefinition", `Invalid State Machine Definition: '${list}'`);
}

/** Checks a definition: it is returned only where nothing is wrong with it. */
export function checkDefinition(text: string): {
  readonly definition?: StateMachineDefinition;
  readonly problems: readonly Problem[];
} {
  const problems = new Problems();
  let definition: StateMachineDefinition | undefined;
  try {
    definition = checkMachine(parseJson(text), problems);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    problems.add("/", error.message, "INVALID_JSON_DESCRIPTION");
  }
  return definition && problems.found.length === 0
    ? { definition, problems: [] }
    : { problems: problems.found };
}

function checkMachine(value: Json, problems: Problems): StateMachineDefinition | undefined {
  const parsed = machineSchema.safeParse(value);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const at = `/${issue.path.map(String).join("/")}`;
      if (issue.code !== "unrecognized_keys") problems.add(at, issue.message);
      else
        for (const key of issue.keys) problems.add(`/${key}`, `field "${key}" is unknown in a state machine`);
    }
    return undefined;
  }
  const machine = parsed.data;
  const language = machine.QueryLanguage ?? "JSONPath";
  const states = checkStates(machine.States, language, problems);
  if (problems.found.length === 0) checkReachable(machine.StartAt, states, problems);
  return {
    comment: machine.Comment,
    language,
    timeoutSeconds: machine.TimeoutSeconds,
    startAt: machine.StartAt,
    states,
  };
}

function checkStates(value: JsonObject, language: QueryLanguage, problems: Problems): Map<string, State> {
  const states = new Map<string, State>();
  for (const [name, held] of Object.entries(value)) {
    const location = `/States/${name}`;
    if (name === "" || name.length > 80) problems.add(location, "the name of a state has 1 to 80 characters");
    const state = checkState(held, language, location, problems);
    if (state) states.set(name, state);
  }
  if (Object.keys(value).length === 0) problems.add("/States", "a state machine has at least one state");
  return states;
}

function checkReachable(startAt: string, states: ReadonlyMap<string, State>, problems: Problems): void {
  const reached = new Set<string>();
  const waiting: [string, string][] = [["/StartAt", startAt]];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [location, name] = next;
    const state = states.get(name);
    if (!state) problems.add(location, `state "${name}" does not exist`, "MISSING_TRANSITION_TARGET");
    if (!state || reached.has(name)) continue;
    reached.add(name);
    waiting.push(...targets(state, `/States/${name}`));
  }
  for (const name of states.keys()) {
    if (!reached.has(name)) {
      problems.add(`/States/${name}`, `state "${name}" is not reachable`, "MISSING_TRANSITION_TARGET");
    }
  }
}

function targets(state: State, location: string): [string, string][] {
  const found: [string, string | undefined][] = [];
  if ("Next" in state) found.push([`${location}/Next`, state.Next]);
  if (state.Type === "Choice") {
    found.push([`${location}/Default`, state.Default], ...nexts(state.Choices, `${location}/Choices`));
  }
  if (state.Type === "Task") found.push(...nexts(state.Catch ?? [], `${location}/Catch`));
  return found.filter((target): target is [string, string] => target[1] !== undefined);
}

function nexts(holders: readonly { readonly Next: string }[], location: string): [string, string][] {
  return holders.map(({ Next }, index) => [`${location}[${index}]/Next`, Next]);
}
