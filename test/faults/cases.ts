import { LeakCanary } from "../support/leak-canary.ts";
import { aftermath } from "./aftermath.ts";
import type { Invocation } from "./invoke.ts";
import type { KillPoint } from "./kill-point.ts";
import { killPoints, type NamedPoint } from "./points.ts";
import { brokenAtTheEnd, facts, unrecordedStarts } from "./promises.ts";
import { Stage } from "./stage.ts";
import { Stores } from "./stores.ts";
import type { World } from "./world.ts";

/** One kind of work, and what production does when it breaks off. */
export interface Flow {
  /** The stores it starts from; new ones unless given. */
  readonly stores?: () => Promise<Stores>;
  /** What is there before the work begins. */
  readonly prepare: (stage: Stage) => Promise<void>;
  /** The work, killed at a point. */
  readonly work: (stage: Stage, kill: KillPoint | undefined) => Promise<Invocation>;
  /** Retries, redeliveries and sweeps. */
  readonly recover: (stage: Stage) => Promise<void>;
  /** What else is wrong at the end, beside what holds for every flow. */
  readonly broken?: (stage: Stage, facts: readonly string[], unharmed: readonly string[]) => string[];
}

/** What a flow came to over all its kill points. */
export interface Outcome {
  /** How many points there were. */
  readonly points: number;
  readonly killed: number;
  /** What did not hold, and at which point. */
  readonly broken: readonly string[];
}

/** Two cores are shared with the runtime: more processes would only wait. */
const concurrency = 2;

/** Kills a flow at every point there is, each in a case of its own, and says where a promise is broken. */
export async function killEverywhere(
  world: World,
  flow: Flow,
  choose = (points: NamedPoint[]) => points,
): Promise<Outcome> {
  const unharmed = await runCase(world, flow, undefined, undefined);
  const points = choose(killPoints(unharmed.invocation.requests));
  const broken = unharmed.broken.map((what) => `unharmed: ${what}`);
  let killed = 0;
  await eachOf(points, async ({ point, name }) => {
    const one = await runCase(world, flow, point, unharmed.facts);
    if (one.invocation.isKilled) killed += 1;
    broken.push(...one.broken.map((what) => `${name}: ${what}`));
  });
  if (points.length === 0) throw new Error("no point was found to kill the flow at");
  return { points: points.length, killed, broken };
}

interface CaseResult {
  readonly invocation: Invocation;
  readonly facts: readonly string[];
  readonly broken: readonly string[];
}

async function runCase(
  world: World,
  flow: Flow,
  kill: KillPoint | undefined,
  unharmed: readonly string[] | undefined,
): Promise<CaseResult> {
  const stores = await (flow.stores?.() ?? Stores.create(world.embedded));
  const stage = new Stage(world, stores);
  try {
    await flow.prepare(stage);
    const invocation = await flow.work(stage, kill);
    const broken = await unrecordedStarts(stage);
    await flow.recover(stage);
    const after = await aftermath(stage);
    const found = facts(after.entries);
    broken.push(...(await unrecordedStarts(stage)), ...brokenAtTheEnd(after), ...leaks(stage));
    if (unharmed) broken.push(...(flow.broken ?? sameFacts)(stage, found, unharmed));
    return { invocation, facts: found, broken };
  } catch (error) {
    throw new Error(`the case of ${JSON.stringify(kill)} broke off`, { cause: error });
  } finally {
    await stores.remove();
  }
}

/** The ledger says what it says of an unharmed run, and as often. */
export function sameFacts(_: Stage, found: readonly string[], unharmed: readonly string[]): string[] {
  const missing = without(unharmed, found).map((fact) => `not recorded: ${fact}`);
  return [...missing, ...without(found, unharmed).map((fact) => `recorded too: ${fact}`)];
}

function without(facts: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return facts.filter((fact) => {
    const at = left.indexOf(fact);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function leaks({ issued, starts, logs }: Stage): string[] {
  const canary = new LeakCanary();
  for (const [index, token] of issued.entries()) canary.register(`grant token ${index}`, token);
  for (const [index, { token }] of starts.entries()) canary.register(`caller's token ${index}`, token);
  const hits = canary.search([{ name: "logs", bytes: Buffer.from(logs.join("\n")) }]);
  return hits.map(({ secret, form }) => `${secret} is in the logs: ${form}`);
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
