import { dataLimitBytes, type Json, type JsonObject, jsonBytes } from "../json.ts";
import { errorNames, StateError } from "./state-error.ts";

const allVariablesLimitBytes = 10 * 1024 * 1024;

/** Refuses an output over 256 KiB. @throws {StateError} `States.DataLimitExceeded` */
export function checkOutputSize(output: Json, subject: string, location: string | undefined): void {
  if (jsonBytes(output) <= dataLimitBytes) return;
  throw new StateError(
    errorNames.dataLimitExceeded,
    `The state/task '${subject}' returned a result with a size exceeding the maximum number of bytes service limit.`,
    location === undefined ? {} : { location },
  );
}

/**
 * Refuses over 256 KiB assigned by one state, and over 10 MiB of variables in all.
 *
 * @throws {StateError} `States.DataLimitExceeded`
 */
export function checkVariableSizes(
  assigned: JsonObject,
  variables: Readonly<JsonObject>,
  stateName: string,
): void {
  let size = 0;
  for (const [name, value] of Object.entries(assigned)) {
    size += jsonBytes(value);
    if (size > dataLimitBytes) {
      throw exceeded(
        `State total variable size limit exceeded. Variable '${name}' in state '${stateName}' was assigned ${jsonBytes(value)} bytes, which caused the size of variables assigned in the state to exceed its limit by ${size - dataLimitBytes} bytes.`,
      );
    }
  }
  const all = Object.values({ ...variables, ...assigned }).reduce<number>(
    (sum, value) => sum + jsonBytes(value),
    0,
  );
  if (all > allVariablesLimitBytes) {
    throw exceeded(
      `Execution total variable size limit exceeded by ${all - allVariablesLimitBytes} bytes in state '${stateName}'.`,
    );
  }
}

function exceeded(cause: string): StateError {
  return new StateError(errorNames.dataLimitExceeded, cause, { location: "Assign" });
}
