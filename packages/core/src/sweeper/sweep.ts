import { Readable } from "node:stream";
import type { Entry } from "../entry/entry.ts";
import { type ExecutionState, type Grant, isLive } from "../execution/execution-state.ts";
import type { ExecutionLister } from "../execution/execution-store.ts";
import type { ExecutionReader } from "../execution/step-functions.ts";
import { type AbandonDeps, abandonStart } from "../gate/abandon-start.ts";
import { completeStart } from "../gate/complete-start.ts";
import { gateEntry, withIssuedToken } from "../gate/gate-entry.ts";
import { refuseForeign, standingExecution } from "../gate/standing-execution.ts";
import { startDeadlineMs } from "../gate/start-deadline.ts";
import type { LedgerReader } from "../ledger/ledger.ts";
import { expiryGraceMs } from "../revoker/revoke-grant.ts";

export interface SweepDeps extends AbandonDeps {
  readonly lister: ExecutionLister;
  readonly entries: LedgerReader;
  readonly reader: Pick<ExecutionReader, "describe">;
}

/** What a sweep came to, in executions. */
export interface SweepReport {
  readonly looked: number;
  /** Starts found to have happened. */
  readonly completed: number;
  /** Starts found not to have happened. */
  readonly abandoned: number;
  /** Revocations that the revoker was reminded of. */
  readonly hinted: number;
  readonly failed: number;
}

export interface SweepOptions {
  /** Epoch milliseconds: what is not looked at by then is left to the next sweep. */
  readonly until: number;
  /** Told of each execution that could not be swept; the others are. */
  readonly onFailure: (executionArn: string, error: unknown) => void;
}

/** From this age on a start that has no outcome is not on its way any more. */
export const unresolvedAfterMs = 2 * startDeadlineMs;
/** A revocation that nobody has tried by then was never heard of. */
const unheardAfterMs = 2 * 60_000;
/** A revocation that failed is tried again within this by the queue's own delay. */
const retriedWithinMs = 20 * 60_000;
const concurrency = 8;

/**
 * Finishes what crashes have left: starts without an outcome, abandonments that are not recorded, revocations
 * whose hint was lost. Decides by what stands in the state, in Step Functions and in the ledger, never by
 * what a queue remembers; safe to run twice at once.
 */
export async function sweep(deps: SweepDeps, options: SweepOptions): Promise<SweepReport> {
  const report = { looked: 0, completed: 0, abandoned: 0, hinted: 0, failed: 0 };
  const sweepOne = async (executionArn: string): Promise<void> => {
    report.looked += 1;
    try {
      const state = await deps.executions.get(executionArn);
      const done = state ? await sweepState(deps, state) : undefined;
      if (done) report[done] += 1;
    } catch (error) {
      report.failed += 1;
      options.onFailure(executionArn, error);
    }
  };
  const isOver = () => deps.clock.now() >= options.until;
  // What a live token hangs on comes first: there may be many executions that merely run.
  for (const arns of [deps.lister.listRevoking(), deps.lister.listOpen()]) {
    await Readable.from(listedUntil(arns, isOver)).forEach(sweepOne, { concurrency });
  }
  return report;
}

async function* listedUntil(arns: AsyncIterable<string>, isOver: () => boolean): AsyncGenerator<string> {
  for await (const arn of arns) {
    if (isOver()) return;
    yield arn;
  }
}

async function sweepState(
  deps: SweepDeps,
  state: ExecutionState,
): Promise<"completed" | "abandoned" | "hinted" | undefined> {
  const unstarted = state.grants.find(({ startDate }) => startDate === undefined);
  if (state.open && unstarted) return sweepStart(deps, state, unstarted);
  const overdue = state.grants.filter((grant) => isOverdue(grant, deps.clock.now()));
  for (const { grantId } of overdue) {
    await deps.revocations.hint({ executionArn: state.executionArn, grantId });
  }
  return overdue.length > 0 ? "hinted" : undefined;
}

async function sweepStart(
  deps: SweepDeps,
  state: ExecutionState,
  grant: Grant,
): Promise<"completed" | "abandoned" | undefined> {
  if (deps.clock.now() - grant.decidedAt < unresolvedAfterMs) return undefined;
  const { executionArn, workflow = "" } = state;
  if (isLive(grant)) {
    const standing = await standingExecution(deps.reader, { executionArn, workflow, grant });
    if (standing.kind === "own") {
      await complete(deps, state, { ...grant, startDate: standing.startDate });
      return "completed";
    }
    if (standing.kind === "foreign") {
      await refuseForeign(deps, { executionArn, workflow, grant }, standing.description);
    }
  }
  await abandon(deps, state, grant);
  return "abandoned";
}

async function complete(deps: SweepDeps, state: ExecutionState, grant: Grant): Promise<void> {
  const known = await withIssuedToken(deps, state.executionArn, grant);
  await completeStart(deps.executions, state.executionArn, { ...known, state: "active" });
}

/** The same for every sweeper that comes to it, so that two of them record one fact. */
async function abandon(deps: SweepDeps, state: ExecutionState, grant: Grant): Promise<void> {
  const find = (action: Entry["action"]) => gateEntry(deps, state.executionArn, grant, action);
  const [authorized, recorded] = [await find("execution.authorized"), await find("execution.abandoned")];
  await abandonStart(deps, {
    executionArn: state.executionArn,
    workflow: state.workflow,
    grant,
    error: { name: "OutcomeUnknownError", code: "execution.start_unresolved" },
    grantToken: grant.identityMode === "inbound_only" ? "none" : "revocation_pending",
    isAuthorized: authorized !== undefined,
    isRecorded: recorded !== undefined,
  });
}

function isOverdue(grant: Grant, now: number): boolean {
  if (grant.state !== "revoking") return false;
  if (grant.expiresAt !== undefined && grant.expiresAt + expiryGraceMs <= now) return true;
  const { at, tries, gaveUp } = grant.revocation ?? { at: 0, tries: 0 };
  if (gaveUp) return false;
  return now - at > (tries === 0 ? unheardAfterMs : retriedWithinMs);
}
