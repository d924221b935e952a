import { languageOf } from "../definition/fields.ts";
import type { QueryLanguage, State } from "../definition/state-machine.ts";
import type { PathScope } from "../expression/json-path.ts";
import { fillQueries } from "../expression/jsonata.ts";
import type { Json, JsonObject } from "../json.ts";
import type { Position, Progress, Run } from "./run.ts";

/** One state while it runs. */
export interface StateScope<S extends State = State> {
  readonly run: Run;
  readonly name: string;
  readonly state: S;
  readonly language: QueryLanguage;
  /** The state's raw input. */
  readonly input: Json;
  readonly variables: Readonly<JsonObject>;
  /** The id of the event by which the state was entered. */
  readonly enteredEventId: number;
  readonly enteredAt: number;
  /** Written by the state through {@link saveProgress} only. */
  progress: Progress;
}

/** What a state gives: an output to go on with, or the failure a Fail state is for. */
export type Outcome =
  | {
      readonly kind: "continue";
      readonly output: Json;
      readonly assigned: JsonObject | undefined;
      /** Undefined ends the execution. */
      readonly next: string | undefined;
    }
  | { readonly kind: "fail"; readonly error: string | undefined; readonly cause: string | undefined };

/** Opens the scope of the state at `position`, whose entering is already recorded. */
export function openScope(
  run: Run,
  position: Position,
  state: State,
  entered: { readonly eventId: number; readonly at: number },
): StateScope {
  return {
    run,
    name: position.state,
    state,
    language: languageOf(state, run.definition.language),
    input: position.input,
    variables: position.variables,
    enteredEventId: entered.eventId,
    enteredAt: entered.at,
    progress: position.progress,
  };
}

/** Makes `progress` durable, together with the events recorded so far. */
export function saveProgress(scope: StateScope, progress: Progress): void {
  scope.progress = progress;
  const { name, input, variables } = scope;
  scope.run.journal.advance({ state: name, input, variables, progress });
}

/** Builds the context object as the state sees it. */
export function contextObject(scope: StateScope): JsonObject {
  const retryCount = scope.progress.retries?.reduce((sum, count) => sum + count, 0) ?? 0;
  return {
    ...scope.run.context,
    State: {
      Name: scope.name,
      EnteredTime: new Date(scope.enteredAt).toISOString(),
      ...(scope.state.Type === "Task" ? { RetryCount: retryCount } : {}),
    },
  };
}

/** What JSONPath fields of the state reach, with `data` as their `$`. */
export function pathScope(scope: StateScope, data: Json): PathScope {
  return { data, context: contextObject(scope), variables: scope.variables };
}

/** Evaluates a JSONata field; `extra` adds `result` or `errorOutput` to `$states`. */
export function query(
  scope: StateScope,
  template: Json,
  field: string,
  extra: Readonly<JsonObject> = {},
): Promise<Json> {
  const states = { input: scope.input, context: contextObject(scope), ...extra };
  return fillQueries(template, { states, variables: scope.variables }, field);
}
