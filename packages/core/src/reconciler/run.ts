import { Readable } from "node:stream";
import type { ExecutionLister } from "../execution/execution-store.ts";
import type { ListedExecution } from "./account-executions.ts";
import { expectedFacts, isMissing, keysOf } from "./missed-facts.ts";
import type { ReconcileProgress } from "./progress.ts";
import { isLevel, type ReconcileExecutionDeps, reconcileExecution } from "./reconcile-execution.ts";

export interface ReconcileDeps extends ReconcileExecutionDeps {
  readonly lister: Pick<ExecutionLister, "listOpen">;
  readonly progress: ReconcileProgress;
  /** How far back redriven executions are looked for, and everything in the first run. */
  readonly lookBackMs: number;
}

/** What one run came to. */
export interface ReconcileReport {
  /** Executions whose facts and state were compared with a list. */
  readonly compared: number;
  /** Executions that Step Functions was asked to describe. */
  readonly described: number;
  /** Facts that no event had brought, noted for the first time. */
  readonly gaps: number;
  /** Statuses that were recorded. */
  readonly recorded: number;
  /** Open executions that Step Functions does not know any more, noted for the first time. */
  readonly forgotten: number;
  /** Executions and lists that could not be gone through; the next run tries again. */
  readonly failed: number;
  /** Whether all was looked at before the time was up. */
  readonly isComplete: boolean;
}

export interface ReconcileOptions {
  /** Epoch milliseconds: what is not looked at by then is left to the next run. */
  readonly until: number;
  /** Told of each execution, or list of a state machine's executions, that failed; the others are gone through. */
  readonly onFailure: (arn: string, error: unknown) => void;
}

const concurrency = 8;

/** One run of the reconciler: its deadline, its counts, and what every pass does with an execution. */
export class Run {
  readonly deps: ReconcileDeps;
  readonly #options: ReconcileOptions;
  readonly #counts = { compared: 0, described: 0, gaps: 0, recorded: 0, forgotten: 0, failed: 0 };
  #isCut = false;

  constructor(deps: ReconcileDeps, options: ReconcileOptions) {
    this.deps = deps;
    this.#options = options;
  }

  report(): ReconcileReport {
    return { ...this.#counts, isComplete: !this.#isCut };
  }

  /** Whether the time is up. Whoever asks leaves something undone then. */
  isOver(): boolean {
    if (this.deps.clock.now() < this.#options.until) return false;
    this.#isCut = true;
    return true;
  }

  countForgotten(): void {
    this.#counts.forgotten += 1;
  }

  /** Goes through items, some at a time, for as long as there is time. */
  async each<T>(items: Iterable<T> | AsyncIterable<T>, visit: (item: T) => Promise<unknown>): Promise<void> {
    const inTime = async (item: T) => {
      if (!this.isOver()) await visit(item);
    };
    await Readable.from(items).forEach(inTime, { concurrency });
  }

  /** Runs one part, whose failure is no other's. False when it failed. */
  async attempt(arn: string, part: () => Promise<unknown>): Promise<boolean> {
    try {
      await part();
      return true;
    } catch (error) {
      this.#counts.failed += 1;
      this.#options.onFailure(arn, error);
      return false;
    }
  }

  /**
   * Compares listed executions with record and state, and mends what is behind.
   *
   * @returns those that failed. Where the time was up before all were looked at, {@link isOver} says so.
   */
  async compare(listed: readonly ListedExecution[]): Promise<readonly ListedExecution[]> {
    const { facts, executions } = this.deps;
    const expected = new Map(listed.map((one) => [one, expectedFacts(one)]));
    const recorded = await facts.among([...expected.values()].flat().flatMap(keysOf));
    const failed: ListedExecution[] = [];
    await this.each(expected, async ([one, due]) => {
      this.#counts.compared += 1;
      const isMended = await this.attempt(one.executionArn, async () => {
        const isBehind =
          due.some((fact) => isMissing(fact, recorded)) ||
          !isLevel(await executions.get(one.executionArn), one);
        if (isBehind) await this.settle(one.executionArn);
      });
      if (!isMended) failed.push(one);
    });
    return failed;
  }

  /** Brings an execution's record up to how Step Functions describes it; undefined when it is not known there. */
  async settle(executionArn: string): Promise<ListedExecution | undefined> {
    this.#counts.described += 1;
    const details = await this.deps.account.details(executionArn);
    if (!details) return undefined;
    const { gaps, recorded } = await reconcileExecution(this.deps, details);
    this.#counts.gaps += gaps;
    this.#counts.recorded += recorded;
    return details;
  }
}
