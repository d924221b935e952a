import { stateMachineArnOf } from "../execution/step-functions.ts";
import { noteForgotten } from "./reconcile-execution.ts";
import type { Run } from "./run.ts";
import type { RunningExecutions } from "./running-executions.ts";

/**
 * Asks about every execution whose end is not known and that was not seen running, whenever it began.
 *
 * Keeps no place to go on from: what was mended is not open any more, and the list begins elsewhere each time.
 */
export async function reconcileOpen(run: Run, running: RunningExecutions): Promise<void> {
  await run.each(run.deps.lister.listOpen(), (executionArn) =>
    run.attempt(executionArn, () => reconcileOne(run, executionArn, running)),
  );
}

async function reconcileOne(run: Run, executionArn: string, running: RunningExecutions): Promise<void> {
  const { executions, clock, graceMs, workflows } = run.deps;
  // Nobody may ask about an execution of a state machine that is no longer registered.
  if (!workflows.byStateMachine(stateMachineArnOf(executionArn))) return;
  const state = await executions.get(executionArn);
  // What has not started yet is left to the sweeper, which knows how long a start may take.
  if (!state?.open || state.startDate === undefined || state.startDate > clock.now() - graceMs) return;
  if (running.has(state)) return;
  const known = await run.settle(executionArn);
  if (known?.startDate === state.startDate) return;
  if (await noteForgotten(run.deps, state)) run.countForgotten();
}
