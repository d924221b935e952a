import { reconcileOpen } from "./reconcile-open.ts";
import { reconcileStarted } from "./reconcile-started.ts";
import { type ReconcileDeps, type ReconcileOptions, type ReconcileReport, Run } from "./run.ts";
import { listRunning } from "./running-executions.ts";

/**
 * Finds what events have missed, and records it with the gap.
 *
 * What is open comes first, for a failure nobody saw leaves a live token; then what has started. Decides by what
 * Step Functions, ledger and state say. Safe to run twice at once, which is only wasteful, and to die anywhere.
 */
export async function reconcile(deps: ReconcileDeps, options: ReconcileOptions): Promise<ReconcileReport> {
  const run = new Run(deps, options);
  const running = await listRunning(run);
  await reconcileOpen(run, running);
  for (const { stateMachineArn } of deps.workflows.all()) {
    if (run.isOver()) break;
    await run.attempt(stateMachineArn, () => reconcileStarted(run, stateMachineArn, running));
  }
  return run.report();
}
