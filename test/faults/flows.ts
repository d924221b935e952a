import { type Flow, sameFacts } from "./cases.ts";
import type { Stage, Start, StartAnswer } from "./stage.ts";
import { statusOf } from "./world.ts";

const maxAsks = 5;

const only = ({ starts }: Stage): Start => {
  const [start] = starts;
  if (!start) throw new Error("nobody asked for a start");
  return start;
};

/** A start whose caller asks again, under the same key, until it has an answer. */
export function startAskedAgain(workflow: string, end: string): Flow {
  return {
    prepare: async (stage) => void (await stage.caller(workflow)),
    work: (stage, kill) => stage.askAndKill(only(stage), kill),
    recover: async (stage) => {
      const { status } = await askUntilResolved(stage);
      if (status !== 200 && status !== 201) throw new Error(`the gate answered ${status} at last`);
      await deliverUntil(stage, end);
      await settle(stage);
    },
  };
}

/** A start whose caller never comes back: it has come to its execution, or to nothing. */
export function startLeftAlone(workflow: string, end: string): Flow {
  return {
    prepare: async (stage) => void (await stage.caller(workflow)),
    work: (stage, kill) => stage.askAndKill(only(stage), kill),
    recover: async (stage) => {
      if (await stage.exists(only(stage))) await deliverUntil(stage, end);
      await settle(stage);
    },
    broken: (stage, found, unharmed) => (found.length === 0 ? [] : sameFacts(stage, found, unharmed)),
  };
}

/** A start of a subject that is blocked, which shows only when the grant token is there. */
export const refusedStart: Flow = {
  prepare: async (stage) => {
    const { embedded } = stage.world;
    await stage.caller("waits");
    const subject = { iss: embedded.runtime.urls.issuer, sub: "payments-app" };
    await stage.blocks.block({ subject }, Date.now());
  },
  work: (stage, kill) => stage.askAndKill(only(stage), kill),
  recover: async (stage) => {
    const { status } = await askUntilResolved(stage);
    if (status !== 403) throw new Error(`the gate answered ${status} at last, expected 403`);
    await settle(stage);
    if (await stage.exists(only(stage))) throw new Error("a blocked subject's execution was started");
  },
};

/** A status event that comes first of all its execution's events, and again after the crash. */
export function statusEvent(workflow: string, status: string, input?: object): Flow {
  const events = new WeakMap<Stage, { due: readonly string[]; late: readonly string[] }>();
  const of = (stage: Stage) => events.get(stage) ?? { due: [], late: [] };
  return {
    prepare: async (stage) => {
      const start = await stage.caller(workflow, input);
      await stage.ask(start);
      const bodies = await stage.world.events.takeUntil(start.executionArn, status);
      const due = bodies.filter((body) => statusOf(body) === status);
      events.set(stage, { due, late: bodies.filter((body) => !due.includes(body)) });
    },
    work: (stage, kill) => stage.deliverAndKill("recorder", of(stage).due, kill),
    recover: async (stage) => {
      await stage.deliver("recorder", of(stage).due);
      await stage.deliver("recorder", of(stage).late);
      await settle(stage);
    },
  };
}

/** The revocation of a failed execution's grant token. */
export function revocation(): Flow {
  const hints = new WeakMap<Stage, readonly string[]>();
  const of = (stage: Stage) => hints.get(stage) ?? [];
  return {
    prepare: async (stage) => {
      const start = await stage.caller("fails");
      await stage.ask(start);
      await stage.deliver("recorder", await stage.world.events.takeUntil(start.executionArn, "FAILED"));
      hints.set(stage, await stage.stores.takeHints());
    },
    work: (stage, kill) => stage.deliverAndKill("revoker", of(stage), kill),
    recover: async (stage) => {
      await stage.deliver("revoker", of(stage));
      await settle(stage);
    },
  };
}

/** Asks again; what nobody can tell yet is left to the sweeper, as a caller does who waits. */
async function askUntilResolved(stage: Stage): Promise<StartAnswer> {
  for (let asks = 1; ; asks += 1) {
    const answer = await stage.ask(only(stage));
    if (answer.code !== "execution.start_unresolved" || asks === maxAsks) return answer;
    await settle(stage);
  }
}

async function deliverUntil(stage: Stage, status: string): Promise<void> {
  await stage.deliver("recorder", await stage.world.events.takeUntil(only(stage).executionArn, status));
}

/** What is queued, what the sweeper finds, and what it queues. */
export async function settle(stage: Stage): Promise<void> {
  await stage.pump();
  await stage.sweep();
  await stage.pump();
}
