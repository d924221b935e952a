import {
  type RecordRefusalsDeps,
  type RefusalsReport,
  recordRefusals,
} from "@countersign/core/refusals/record-refusals";
import {
  type ErasuresReport,
  type SweepErasuresDeps,
  sweepErasures,
} from "@countersign/core/subject/sweep-erasures";
import { type SweepDeps, type SweepReport, sweep } from "@countersign/core/sweeper/sweep";
import type { Context } from "aws-lambda";
import { asError, type ErrorLog } from "../api/http.ts";

export interface SweeperDeps extends SweepDeps, SweepErasuresDeps, RecordRefusalsDeps {
  readonly log: ErrorLog;
}

/** What one run came to. */
export interface SweeperReport extends SweepReport {
  readonly erasures: ErasuresReport;
  readonly refusals: RefusalsReport;
}

/** Time left for what is under way when the sweep must end. */
const reserveMs = 5_000;

/** Called on a schedule, every minute: finishes what crashes have left, and records what was refused. */
export function sweeperHandler(deps: SweeperDeps) {
  return async (_event: unknown, context: Context): Promise<SweeperReport> => {
    const until = deps.clock.now() + context.getRemainingTimeInMillis() - reserveMs;
    const report = await sweep(deps, {
      until,
      onFailure: (executionArn, error) =>
        deps.log.error("an execution could not be swept", { error: asError(error), executionArn }),
    });
    if (report.completed + report.abandoned + report.hinted > 0) deps.log.warn("swept", { ...report });
    const erasures = await sweepErasures(deps, {
      until,
      onFailure: (erasureId, error) =>
        deps.log.error("an erasure could not be finished", { error: asError(error), erasureId }),
    });
    // After the executions, which are not to wait for what anyone can send.
    const refusals = await recordRefusals(deps, {
      until,
      onFailure: ({ minute, reason }, error) =>
        deps.log.error("refusals could not be recorded", { error: asError(error), minute, reason }),
    });
    return { ...report, erasures, refusals };
  };
}
