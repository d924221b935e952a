import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createRefusalCounters } from "@countersign/aws/dynamodb/refusal-counters";
import { createRefusalCount, type RefusalCount } from "@countersign/core/refusals/count-refusals";
import type { ErrorLog } from "../api/http.ts";
import { boundedCalls, callLimits } from "./call-limits.ts";
import { type Environment, setting } from "./settings.ts";
import { clock } from "./stores.ts";

/** This instance's count of refusals. */
export function refusalCount(environment: Environment, log: ErrorLog): RefusalCount {
  // A client of its own: an update that adds must not be sent again when its answer was lost.
  const dynamodb = new DynamoDBClient(boundedCalls({ ...callLimits, attempts: 1 }));
  const table = setting(environment, "COUNTERSIGN_STATE_TABLE");
  return createRefusalCount({
    clock,
    counters: createRefusalCounters({ dynamodb, table }),
    onFailure: (error, { count, reason }) => {
      const name = error instanceof Error ? error.name : "Error";
      log.warn("refusals could not be counted", { error: name, count, reason });
    },
  });
}
