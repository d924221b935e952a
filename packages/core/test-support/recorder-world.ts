import type { ExecutionState, Grant } from "../src/execution/execution-state.ts";
import type { RecordDeps } from "../src/recorder/record-status-event.ts";
import { recordStatusEvent } from "../src/recorder/record-status-event.ts";
import { parseStatusEvent } from "../src/status-event/status-event.ts";
import type { CrashPoint } from "./faults.ts";
import { Faults } from "./faults.ts";
import { startDate, type statusEventWith, workflowsWith } from "./fixtures.ts";
import { MemoryClock } from "./memory-clock.ts";
import { MemoryExecutionStore } from "./memory-execution-store.ts";
import { MemoryLedger } from "./memory-ledger.ts";
import { MemoryRevocationQueue } from "./memory-queues.ts";
import { MemoryStepFunctions } from "./memory-step-functions.ts";

/** Everything a recorder touches, kept in memory across the processes that run it. */
export class RecorderWorld {
  readonly clock = new MemoryClock();
  readonly ledger = new MemoryLedger(this.clock);
  readonly executions = new MemoryExecutionStore();
  readonly stepFunctions = new MemoryStepFunctions(startDate);
  readonly revocations = new MemoryRevocationQueue();

  deps(faults = new Faults()): RecordDeps {
    return {
      clock: this.clock,
      workflows: workflowsWith(),
      ledger: faults.watch("ledger", this.ledger),
      executions: faults.watch("executions", this.executions),
      reader: faults.watch("reader", this.stepFunctions),
      revocations: faults.watch("revocations", this.revocations),
    };
  }

  /** Puts an execution's state there as the gate leaves it. */
  async hold(executionArn: string, grants: readonly Grant[]): Promise<void> {
    await this.executions.put({
      executionArn,
      workflow: "payout",
      redriveCount: 0,
      attribution: "gate",
      grants,
      open: true,
      revision: 1,
    });
  }

  /** Delivers one event to a recorder of its own process, which may die; answers with its journal. */
  async deliver(event: ReturnType<typeof statusEventWith>, crashAt?: CrashPoint): Promise<Faults> {
    const faults = new Faults(crashAt);
    this.clock.advance(1_000);
    try {
      await recordStatusEvent(this.deps(faults), parseStatusEvent(event));
    } catch (error) {
      if (!faults.crashed) throw error;
    }
    return faults;
  }

  /** What no order, repetition or crash may change. */
  outcome() {
    return {
      ledger: this.ledger.projections(),
      states: Object.fromEntries(
        this.executions.arns.toSorted().map((arn) => [arn, withoutTries(this.executions.peek(arn))]),
      ),
    };
  }
}

/** When a revocation was asked for, and how often a state was written, follow the order of arrival. */
function withoutTries(state: ExecutionState | undefined) {
  const grants = state?.grants.map((grant) => ({ ...grant, revocation: undefined }));
  return { ...state, grants, revision: undefined };
}
