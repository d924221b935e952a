import type { EntryKey } from "../src/entry/entry-key.ts";
import { entryId } from "../src/entry/entry-key.ts";
import type { Progress, ReconcileProgress } from "../src/reconciler/progress.ts";
import { reconcile } from "../src/reconciler/reconcile.ts";
import type { RecordedFacts } from "../src/reconciler/reconcile-execution.ts";
import type { ReconcileDeps, ReconcileReport } from "../src/reconciler/run.ts";
import { Faults } from "./faults.ts";
import { MemoryAccount } from "./memory-account.ts";
import type { MemoryLedger } from "./memory-ledger.ts";
import { RecorderWorld } from "./recorder-world.ts";

/** How a test's reconciler is set: a grace of 5 minutes, and a day to look back. */
export const graceMs = 5 * 60_000;
export const lookBackMs = 86_400_000;

/** A recorder's world, with the account that a reconciler asks and the place it keeps its progress in. */
export class ReconcilerWorld extends RecorderWorld {
  readonly account = new MemoryAccount();
  readonly progress = new MemoryProgress();
  readonly failures: unknown[] = [];

  reconcilerDeps(faults = new Faults()): ReconcileDeps {
    return {
      ...this.deps(faults),
      lister: this.executions,
      account: faults.watch("account", this.account),
      facts: faults.watch("facts", recordedIn(this.ledger)),
      progress: faults.watch("progress", this.progress),
      graceMs,
      lookBackMs,
    };
  }

  /** Runs one reconciler in a process of its own, which may die. */
  async reconcile(faults = new Faults(), forMs = 900_000): Promise<ReconcileReport> {
    return reconcile(this.reconcilerDeps(faults), {
      until: this.clock.now() + forMs,
      onFailure: (_arn, error) => this.failures.push(error),
    });
  }

  /** The facts that gaps were noted for. */
  get gaps(): string[] {
    return this.ledger.entries
      .filter(({ action }) => action === "gap.found")
      .map(({ executionArn, startDate, redriveCount, id }) =>
        [executionArn, startDate, redriveCount, id].join(" "),
      )
      .sort();
  }

  /** What is the same whichever way a fact came: gap notes left out. */
  facts() {
    const { ledger, states } = this.outcome();
    const facts = Object.entries(ledger).filter(([key]) => !key.endsWith("gap.found"));
    return { ledger: Object.fromEntries(facts), states };
  }
}

/** Which entries a ledger in memory holds. */
function recordedIn(ledger: MemoryLedger): RecordedFacts {
  return {
    async among(keys: readonly EntryKey[]) {
      const held = new Set(ledger.entries.map((entry) => entry.entryId));
      return new Set(keys.map(entryId).filter((id) => held.has(id)));
    },
  };
}

/** Progress in memory. */
class MemoryProgress implements ReconcileProgress {
  readonly of = new Map<string, Progress>();

  async get(stateMachineArn: string): Promise<Progress | undefined> {
    return this.of.get(stateMachineArn);
  }

  async put(stateMachineArn: string, progress: Progress): Promise<void> {
    this.of.set(stateMachineArn, progress);
  }
}
