import fc from "fast-check";
import type { Grant } from "../src/execution/execution-state.ts";
import { arnOf, grantWith, startDate, statusEventWith } from "./fixtures.ts";
import { ReconcilerWorld } from "./reconciler-world.ts";

export type Event = ReturnType<typeof statusEventWith>;

const { startDate: _startDate, ...intended } = grantWith({ state: "authorizing" });
const redrivable = ["FAILED", "TIMED_OUT", "ABORTED"] as const;

/** One execution: through the gate or around it, how each redrive but the last ended, and how the last did. */
export interface Story {
  readonly isGated: boolean;
  readonly earlierEnds: readonly string[];
  /** Undefined while it runs. */
  readonly end: string | undefined;
}

export const stories: fc.Arbitrary<Story> = fc.record({
  isGated: fc.boolean(),
  earlierEnds: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom(...redrivable), { minLength: 1, maxLength: 2 }) },
  ),
  end: fc.constantFrom(undefined, "SUCCEEDED", ...redrivable),
});

/** Executions that a story was told of, and every event Step Functions would send of them, in order. */
export interface Scenario {
  readonly gated: readonly string[];
  readonly events: readonly Event[];
}

/** Tells each story of an execution of its own, a tenth of a second after the one before. */
export function scenarioOf(told: readonly Story[]): Scenario {
  const arn = (index: number) => arnOf(`run-${index}`);
  return {
    gated: told.flatMap(({ isGated }, index) => (isGated ? [arn(index)] : [])),
    events: told.flatMap((story, index) => eventsOf(story, arn(index), startDate + index * 100)),
  };
}

function eventsOf({ isGated, earlierEnds, end }: Story, executionArn: string, begun: number): Event[] {
  const grantId = grantIdOf(executionArn);
  const input = JSON.stringify({ amount: 1, ...(isGated && { countersign: { grantId } }) });
  return [...earlierEnds, end].flatMap((last, redriveCount) => {
    const of = { executionArn, redriveCount, startDate: begun, input };
    const detail = last === "FAILED" ? { error: "Payout.Refused" } : {};
    const running = statusEventWith({ ...of, status: "RUNNING" });
    return last === undefined ? [running] : [running, statusEventWith({ ...of, status: last, detail })];
  });
}

function grantIdOf(executionArn: string): string {
  return `${executionArn.split("-").at(-1)?.padStart(8, "0")}-0b0a-4908-8706-050403020100`;
}

/** A world in which all of a scenario has happened, and the gate's grants are as the gate leaves them. */
export async function worldOf({ gated, events }: Scenario): Promise<ReconcilerWorld> {
  const world = new ReconcilerWorld();
  world.account.happen(events);
  for (const executionArn of gated) {
    const first: Grant = { ...intended, grantId: grantIdOf(executionArn) };
    const again = [1, 2].map((redriveCount) => ({
      ...first,
      redriveCount,
      grantId: `${first.grantId}-${redriveCount}`,
    }));
    const redrives = Math.max(
      ...events
        .filter(({ detail }) => detail.executionArn === executionArn)
        .map(({ detail }) => detail.redriveCount),
    );
    await world.hold(executionArn, [first, ...again.slice(0, redrives)]);
  }
  for (const { detail } of events)
    world.stepFunctions.add({ executionArn: detail.executionArn, input: detail.input ?? "" });
  world.clock.advance(3_600_000);
  return world;
}

/** The same world after events were delivered to the recorder. */
export async function worldAfter(scenario: Scenario, delivered: readonly Event[]): Promise<ReconcilerWorld> {
  const world = await worldOf(scenario);
  for (const event of delivered) await world.deliver(event);
  return world;
}

/** The facts of events, as a world names those it noted a gap for. */
export function factsOf(events: readonly Event[]): string[] {
  return events
    .map(({ detail }) =>
      [detail.executionArn, detail.startDate, detail.redriveCount, detail.status].join(" "),
    )
    .sort();
}
