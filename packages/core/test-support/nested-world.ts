import { arnOf, grantWith, startDate, statusEventWith } from "./fixtures.ts";
import { RecorderWorld } from "./recorder-world.ts";

export const gated = arnOf("gated");
export const child = arnOf("child");
export const grandchild = arnOf("grandchild");
export const grant = grantWith();
export const childStart = startDate + 500;

/** An input that names a parent by the documented convention. */
export const claim = (parent: string) =>
  JSON.stringify({ amount: 1, AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: parent });
/** A status event of the child, whose input claims the gated execution. */
export const eventOf = (status: string, facts: Partial<Parameters<typeof statusEventWith>[0]> = {}) =>
  statusEventWith({ executionArn: child, status, startDate: childStart, input: claim(gated), ...facts });

export type Event = ReturnType<typeof eventOf>;

/** A gated execution that runs, and a child that Step Functions knows by its claim. */
export async function worldWith(...grants: ReturnType<typeof grantWith>[]): Promise<RecorderWorld> {
  const world = new RecorderWorld();
  world.clock.advance(1_000);
  await world.hold(gated, grants.length > 0 ? grants : [grant]);
  know(world, child, gated);
  return world;
}

/** Lets Step Functions know an execution by its claim. */
export function know(world: RecorderWorld, executionArn: string, parent: string, begun = childStart): void {
  world.stepFunctions.add({ executionArn, startDate: begun, input: claim(parent) });
}

/** Lets the parent's history hold the start. */
export function prove(world: RecorderWorld, parent = gated, started = child, at = childStart + 40): void {
  world.stepFunctions.submitted.push({ parent, child: started, at });
}
