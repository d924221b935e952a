import type { Json, JsonObject } from "../json.ts";
import type { HistoryDraft } from "./history-event.ts";
import type { StateScope } from "./scope.ts";

/** One call of a Task state: what is called, and the history events that tell of it. */
export interface Task {
  /** What a result over the size limit is blamed on. */
  readonly subject: string;
  readonly started: HistoryDraft;
  scheduled(timeoutSeconds: number | undefined): HistoryDraft;
  succeeded(result: Json): HistoryDraft;
  failed(how: "Failed" | "TimedOut", details: JsonObject): HistoryDraft;
  /** True when the call was made before a crash: it is scheduled and started already. */
  readonly isUnderWay?: boolean;
  /** @throws {StateError} as `Retry` and `Catch` see it. */
  call(scope: StateScope): Promise<Json>;
  /** Takes back, where that can be, what nobody waits for any more. */
  cancel?(scope: StateScope): void;
}
