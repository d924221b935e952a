import { reconcile } from "@countersign/core/reconciler/reconcile";
import type { ReconcileDeps, ReconcileReport } from "@countersign/core/reconciler/run";
import type { Context } from "aws-lambda";
import { asError, type ErrorLog } from "../api/http.ts";

export interface ReconcilerDeps extends ReconcileDeps {
  readonly log: ErrorLog & {
    info(message: string, fields: Record<string, unknown>): void;
  };
}

/** Time left for what is under way when the run must end: a few calls that wait for their turn. */
const reserveMs = 5_000;

/** Called on a schedule: finds what events have missed. Its line `reconciled` has the counts, `gaps` among them. */
export function reconcilerHandler(deps: ReconcilerDeps) {
  return async (_event: unknown, context: Context): Promise<ReconcileReport> => {
    const report = await reconcile(deps, {
      until: deps.clock.now() + context.getRemainingTimeInMillis() - reserveMs,
      onFailure: (arn, error) => deps.log.error("could not be reconciled", { error: asError(error), arn }),
    });
    const isInOrder = report.gaps + report.forgotten + report.failed === 0;
    deps.log[isInOrder ? "info" : "warn"]("reconciled", { ...report });
    return report;
  };
}
