import { ConflictError } from "../error/errors.ts";
import type { ExecutionPage, ListedExecution, Listing } from "./account-executions.ts";
import {
  beginOf,
  coveredBy,
  failedAt,
  nextPass,
  type Pass,
  type PassWindow,
  type Progress,
} from "./progress.ts";
import type { Run } from "./run.ts";
import type { RunningExecutions } from "./running-executions.ts";

/**
 * Walks through what has started of one state machine since the last time, newest first, and further back
 * through what was redriven.
 *
 * A walk that runs out of time is gone on with in the next run, from the page it came to; what started in the
 * meantime is a walk of its own.
 */
export async function reconcileStarted(
  run: Run,
  stateMachineArn: string,
  running: RunningExecutions,
): Promise<void> {
  const { account, progress } = run.deps;
  const hasMaps = await account.hasMapChildren(stateMachineArn);
  const walk = { run, stateMachineArn, hasMaps };
  let stored = await progress.get(stateMachineArn);
  if (stored?.pass) stored = await walkThrough(walk, stored.pass, stored);
  if (stored?.pass) return;
  const pass = nextPass(stored, windowOf(run));
  const failed = hasMaps ? await compareChildren(run, running.of(stateMachineArn), pass) : [];
  await walkThrough(walk, failedAt(pass, failed), stored);
}

interface Walk {
  readonly run: Run;
  readonly stateMachineArn: string;
  readonly hasMaps: boolean;
}

/** The progress it came to, a pass in it when the time was up. */
async function walkThrough(walk: Walk, begun: Pass, before: Progress | undefined): Promise<Progress> {
  const { run, stateMachineArn } = walk;
  const window = windowOf(run);
  const { coveredTo } = before ?? { coveredTo: begun.compareFrom };
  for (let pass = begun; ; ) {
    if (run.isOver()) return { coveredTo, pass };
    const page = await readPage(run, { stateMachineArn }, pass.next);
    if (page === "expired") {
      const { next: _next, ...fromTheTop } = pass;
      pass = fromTheTop;
      continue;
    }
    const isThrough = await comparePage(walk, page, pass);
    if (!isThrough) return { coveredTo, pass };
    pass = isThrough;
    const isEnd = pass.next === undefined;
    const reached = isEnd ? coveredBy(pass, window) : { coveredTo, pass };
    await run.deps.progress.put(stateMachineArn, reached);
    if (isEnd) return reached;
  }
}

/** Undefined when the time was up before the page was done: it is then done again. */
async function comparePage(walk: Walk, page: ExecutionPage, pass: Pass): Promise<Pass | undefined> {
  const { run, hasMaps } = walk;
  const inWindow = page.executions.filter(({ startDate }) => startDate >= pass.from && startDate <= pass.to);
  const failed = await run.compare(inWindow.filter((one) => isDue(one, pass)));
  const parents = inWindow.filter(({ stopDate }) => stopDate === undefined || stopDate >= pass.compareFrom);
  const arns = hasMaps ? parents.map(({ executionArn }) => executionArn) : [];
  const starts = [...failed.map(({ startDate }) => startDate), ...(await compareChildren(run, arns, pass))];
  if (run.isOver()) return undefined;
  const { next: _done, ...rest } = failedAt(pass, starts);
  const isEdge = page.executions.some(({ startDate }) => startDate < pass.from);
  return page.next === undefined || isEdge ? rest : { ...rest, next: page.next };
}

/** Once the start of an execution is on the record, its end is found by its open state; a redrive opens it anew. */
function isDue({ startDate, redriveCount }: ListedExecution, { compareFrom, to }: Pass): boolean {
  return startDate <= to && (startDate >= compareFrom || redriveCount > 0);
}

/**
 * Compares the children that distributed Maps of these executions have started since the last time.
 *
 * @returns from when on it is to be tried again, where something failed.
 */
async function compareChildren(run: Run, parents: readonly string[], pass: Pass): Promise<readonly number[]> {
  const starts: number[] = [];
  await run.each(parents, async (parent) => {
    const isDone = await run.attempt(parent, async () => {
      for (const mapRunArn of await run.deps.account.mapRuns(parent)) {
        starts.push(...(await compareMapRun(run, mapRunArn, pass)));
      }
    });
    if (!isDone) starts.push(beginOf(pass));
  });
  return starts;
}

/** Starts of the children that failed. */
async function compareMapRun(run: Run, mapRunArn: string, pass: Pass): Promise<readonly number[]> {
  const failed: ListedExecution[] = [];
  let next: string | undefined;
  do {
    if (run.isOver()) break;
    const page = await run.deps.account.list({ mapRunArn }, next);
    failed.push(...(await run.compare(page.executions.filter((one) => isDue(one, pass)))));
    const isEdge = page.executions.some(({ startDate }) => startDate < pass.from);
    next = isEdge ? undefined : page.next;
  } while (next !== undefined);
  return failed.map(({ startDate }) => startDate);
}

/** `expired` when a page that an earlier run came to can't be asked for any more. */
async function readPage(
  run: Run,
  listing: Listing,
  next: string | undefined,
): Promise<ExecutionPage | "expired"> {
  try {
    return await run.deps.account.list(listing, next);
  } catch (error) {
    if (error instanceof ConflictError && next !== undefined) return "expired";
    throw error;
  }
}

function windowOf({ deps }: Run): PassWindow {
  return { to: deps.clock.now() - deps.graceMs, lookBackMs: deps.lookBackMs };
}
