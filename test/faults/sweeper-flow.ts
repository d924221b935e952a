import type { Flow } from "./cases.ts";
import { settle } from "./flows.ts";
import { pointAfter } from "./points.ts";
import { Stage, type Start } from "./stage.ts";
import { Stores } from "./stores.ts";
import type { World } from "./world.ts";

/** What crashes have left for a sweeper, to be copied for each case: nothing in it can be made twice at that price. */
export interface Leftovers {
  readonly stores: Stores;
  readonly starts: readonly Start[];
  /** Events that come after the sweeper. */
  readonly late: readonly string[];
}

/**
 * One of each kind: a start that was recorded and not asked for, one that was asked for and not answered, one
 * whose token has no seal, and a failed execution whose hint to the revoker was lost.
 */
export async function leftovers(world: World): Promise<Leftovers> {
  const stage = new Stage(world, await Stores.create(world.embedded));
  const failed = await stage.caller("fails");
  await stage.ask(failed);
  const events = await world.events.takeUntil(failed.executionArn, "FAILED");
  await loseHint(stage, events);

  const { requests } = await stage.askAndKill(await stage.caller("waits"), undefined);
  const late: string[] = [];
  for (const [last, isStarted] of [
    ["PutItem state SEAL", false],
    ["StartExecution", true],
    ["/token", false],
  ] as const) {
    const start = await stage.caller("waits");
    const { isKilled } = await stage.askAndKill(start, pointAfter(requests, last));
    if (!isKilled || (await stage.exists(start)) !== isStarted)
      throw new Error(`the gate was not killed after ${last}`);
    if (isStarted) late.push(...(await world.events.takeUntil(start.executionArn, "RUNNING")));
  }
  // The unharmed one's event is late too, so that it is open like those of the others.
  late.push(...(await world.events.takeUntil(stage.starts[1]?.executionArn ?? "", "RUNNING")));
  return { stores: stage.stores, starts: stage.starts, late };
}

/** All of its events are recorded; only the hint is gone. */
async function loseHint(stage: Stage, events: readonly string[]): Promise<void> {
  await stage.deliver("recorder", events);
  const hints = await stage.stores.takeHints();
  if (hints.length !== 1) throw new Error(`${hints.length} hints came, expected one to lose`);
}

/** A sweep of all that at once. */
export function sweepOf({ stores, starts, late }: Leftovers): Flow {
  return {
    stores: () => stores.copy(),
    prepare: async (stage) => void stage.starts.push(...starts),
    work: (stage, kill) => stage.sweepAndKill(kill),
    recover: async (stage) => {
      await settle(stage);
      await stage.deliver("recorder", late);
      await settle(stage);
    },
  };
}

/** The event of an execution's start whose gate died before it could say that it had started. */
export function eventOfUnanswered(left: Leftovers): Flow {
  const [due = ""] = left.late;
  const sweep = sweepOf(left);
  return {
    ...sweep,
    work: (stage, kill) => stage.deliverAndKill("recorder", [due], kill),
    recover: async (stage) => {
      await stage.deliver("recorder", [due]);
      await sweep.recover(stage);
    },
  };
}
