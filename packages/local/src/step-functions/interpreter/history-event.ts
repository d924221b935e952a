import type { JsonObject } from "../json.ts";

/** An event of an execution's history before it has its id. */
export interface HistoryDraft {
  readonly type: string;
  /** The details under the name the API gives them, or null where the type has none. */
  readonly details: JsonObject | null;
  /** The event this one follows, where it is not the last one. */
  readonly previous?: number;
}

/** The most events a history may hold; the last one can only end the execution. */
export const historyLimit = 25_000;

/** The API's field that holds the details of an event of this type. */
export function detailsField(type: string): string {
  if (type.endsWith("StateEntered")) return "stateEnteredEventDetails";
  if (type.endsWith("StateExited")) return "stateExitedEventDetails";
  return `${type[0]?.toLowerCase()}${type.slice(1)}EventDetails`;
}

/** The `{ truncated: false }` that stands beside every input and output in a history. */
export const notTruncated = { truncated: false } as const;

/** Leaves undefined fields out, for history details hold only what there is. */
export function present(fields: Readonly<Record<string, JsonObject[string] | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, JsonObject[string]] => entry[1] !== undefined),
  );
}
