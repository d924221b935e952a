import type { WaitState } from "../definition/state-machine.ts";
import { requireByPath } from "../expression/json-path.ts";
import { timestampMillis } from "../expression/timestamp.ts";
import type { Json } from "../json.ts";
import { effectiveInput, outcomeOfInput } from "./data-flow.ts";
import { type Outcome, pathScope, query, type StateScope, saveProgress } from "./scope.ts";
import { queryError, runtimeError, type StateError } from "./state-error.ts";

const longestWaitSeconds = 99_999_999;

/** Waits; the end of the wait is durable, so a restart waits for the rest only. */
export async function runWait(scope: StateScope<WaitState>): Promise<Outcome> {
  const until = scope.progress.until ?? (await waitUntil(scope));
  saveProgress(scope, { until });
  const left = until - scope.run.clock.now();
  if (left > 0) await scope.run.clock.sleep(left, scope.run.signal);
  return outcomeOfInput(scope, scope.state, scope.state.Next);
}

async function waitUntil(scope: StateScope<WaitState>): Promise<number> {
  const { SecondsPath, TimestampPath, Timestamp, Seconds } = scope.state;
  if (Seconds !== undefined || SecondsPath !== undefined) {
    const seconds = await givenValue(scope, Seconds, SecondsPath, "Seconds");
    const isWhole = typeof seconds === "number" && Number.isInteger(seconds);
    if (!isWhole || seconds < 0 || seconds > longestWaitSeconds) {
      throw unfit(scope, "Seconds", seconds, `an integer from 0 to ${longestWaitSeconds}`);
    }
    return scope.enteredAt + seconds * 1000;
  }
  const timestamp = await givenValue(scope, Timestamp, TimestampPath, "Timestamp");
  const millis = timestampMillis(timestamp);
  if (millis === undefined) throw unfit(scope, "Timestamp", timestamp, "an RFC 3339 timestamp");
  return millis;
}

async function givenValue(
  scope: StateScope<WaitState>,
  value: number | string | undefined,
  path: string | undefined,
  field: string,
): Promise<Json> {
  if (path !== undefined) {
    return requireByPath(path, pathScope(scope, effectiveInput(scope, scope.state)), `${field}Path`);
  }
  return scope.language === "JSONata" ? query(scope, value ?? null, field) : (value ?? null);
}

function unfit(scope: StateScope, field: string, value: Json, expected: string): StateError {
  const cause = `The value ${JSON.stringify(value)} of the field '${field}' is not ${expected}.`;
  return scope.language === "JSONata" ? queryError(cause, field) : runtimeError(cause);
}
