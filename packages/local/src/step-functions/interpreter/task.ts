import type { Json, JsonObject } from "../json.ts";
import type { HistoryDraft } from "./history-event.ts";
import type { InvokeFunction } from "./run.ts";

/** One call of a Task state: what is called, and the history events that tell of it. */
export interface Task {
  /** What a result over the size limit is blamed on. */
  readonly subject: string;
  readonly started: HistoryDraft;
  scheduled(timeoutSeconds: number | undefined): HistoryDraft;
  succeeded(result: Json): HistoryDraft;
  failed(how: "Failed" | "TimedOut", details: JsonObject): HistoryDraft;
  /** @throws {StateError} as `Retry` and `Catch` see it. */
  call(invokeFunction: InvokeFunction): Promise<Json>;
}
