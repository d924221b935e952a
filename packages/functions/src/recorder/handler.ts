import { InvalidInputError } from "@countersign/core/error/errors";
import { type RecordDeps, recordStatusEvent } from "@countersign/core/recorder/record-status-event";
import { redactEvent } from "@countersign/core/recorder/redact-event";
import { parseStatusEvent } from "@countersign/core/status-event/status-event";
import { type DeadLetteringDeps, handleBatch } from "../queue/dead-lettering.ts";

export interface RecorderDeps
  extends RecordDeps,
    Omit<DeadLetteringDeps, "redact" | "queue" | "maxReceives" | "onGiveUp"> {}

/** Tries of one event, with growing waits between them: an hour and a half at least. */
const maxReceives = 20;

/** Status events from the queue, each to its entry. */
export function recorderHandler(deps: RecorderDeps) {
  return handleBatch(
    { ...deps, queue: "status-events", maxReceives, redact: redactEvent },
    async ({ body }) => {
      await recordStatusEvent(deps, parseStatusEvent(parseJson(body)));
    },
  );
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new InvalidInputError("event.malformed", "the message is not JSON");
  }
}
