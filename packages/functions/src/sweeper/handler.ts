import { type SweepDeps, type SweepReport, sweep } from "@countersign/core/sweeper/sweep";
import type { Context } from "aws-lambda";
import type { ErrorLog } from "../api/http.ts";

export interface SweeperDeps extends SweepDeps {
  readonly log: ErrorLog;
}

/** Time left for what is under way when the sweep must end. */
const reserveMs = 5_000;

/** Called on a schedule, every minute: finishes what crashes have left. */
export function sweeperHandler(deps: SweeperDeps) {
  return async (_event: unknown, context: Context): Promise<SweepReport> => {
    const until = deps.clock.now() + context.getRemainingTimeInMillis() - reserveMs;
    const report = await sweep(deps, {
      until,
      onFailure: (executionArn, error) => {
        const fault = error instanceof Error ? error : new Error(String(error));
        deps.log.error("an execution could not be swept", { error: fault, executionArn });
      },
    });
    if (report.completed + report.abandoned + report.hinted > 0) deps.log.warn("swept", { ...report });
    return report;
  };
}
