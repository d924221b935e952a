import type { QueryLanguage, State } from "./state-machine.ts";

/** Fields of the Amazon States Language that are not done here, by the kind of state that may have them. */
const notDone: Readonly<Record<string, readonly string[]>> = {
  Task: ["HeartbeatSeconds", "HeartbeatSecondsPath", "Credentials"],
};

const onlyIn: Readonly<Record<QueryLanguage, readonly string[]>> = {
  JSONPath: [
    "InputPath",
    "OutputPath",
    "Parameters",
    "ResultSelector",
    "ResultPath",
    "TimeoutSecondsPath",
    "SecondsPath",
    "TimestampPath",
    "ErrorPath",
    "CausePath",
    "Variable",
  ],
  JSONata: ["Arguments", "Output", "Condition"],
};

/** The kinds of state that exist in the language and are not done here. */
export const stateTypesNotDone: readonly string[] = ["Parallel", "Map"];

/** Says why a field may not stand in a state, in words for the author of the definition. */
export function refusalOfField(type: string, field: string): string {
  return notDone[type]?.includes(field)
    ? `field "${field}" is not supported here`
    : `field "${field}" is unknown in a ${type} state`;
}

/** Says why a field of the other language may not stand in a state of `language`, if it is one. */
export function refusalOfLanguage(language: QueryLanguage, field: string): string | undefined {
  const other = language === "JSONPath" ? "JSONata" : "JSONPath";
  if (!onlyIn[other].includes(field)) return undefined;
  return `field "${field}" is one of ${other}, the state's QueryLanguage is ${language}`;
}

/** The language a state's fields are written in. */
export function languageOf(state: State, machineLanguage: QueryLanguage): QueryLanguage {
  return state.QueryLanguage ?? machineLanguage;
}
