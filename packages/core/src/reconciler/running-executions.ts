import type { ExecutionState } from "../execution/execution-state.ts";
import { stateMachineArnOf } from "../execution/step-functions.ts";
import type { ListedExecution } from "./account-executions.ts";
import type { Run } from "./run.ts";

/** Executions kept in mind; open ones beyond are asked about one by one. */
const maxRunning = 100_000;

/** What was seen running, whenever it started. */
export class RunningExecutions {
  readonly #instances = new Map<string, string>();

  /** False once no more are kept in mind. */
  add(executions: readonly ListedExecution[]): boolean {
    for (const one of executions) this.#instances.set(one.executionArn, instanceOf(one));
    return this.#instances.size < maxRunning;
  }

  /** Whether the very run that a state is about was seen. */
  has(state: ExecutionState): boolean {
    const instance = this.#instances.get(state.executionArn);
    return instance !== undefined && instance === instanceOf(state);
  }

  /** ARNs of those of one state machine. */
  of(stateMachineArn: string): string[] {
    return [...this.#instances.keys()].filter((arn) => stateMachineArnOf(arn) === stateMachineArn);
  }
}

function instanceOf({ startDate, redriveCount }: { startDate?: number; redriveCount: number }): string {
  return `${startDate}#${redriveCount}`;
}

/**
 * Lists what runs of every registered state machine: a thousand at a time, where a description is one.
 *
 * What was redriven is compared at once: however long ago it started, its redrive may have been missed.
 */
export async function listRunning(run: Run): Promise<RunningExecutions> {
  const { account, workflows } = run.deps;
  const running = new RunningExecutions();
  for (const { stateMachineArn } of workflows.all()) {
    await run.attempt(stateMachineArn, async () => {
      let next: string | undefined;
      do {
        if (run.isOver()) return;
        const page = await account.list({ stateMachineArn, only: "RUNNING" }, next);
        await run.compare(page.executions.filter(({ redriveCount }) => redriveCount > 0));
        next = running.add(page.executions) ? page.next : undefined;
      } while (next !== undefined);
    });
  }
  return running;
}
