import type {
  ExecutionDescription,
  ExecutionReader,
  ExecutionStarter,
  ExecutionStopper,
  StartOutcome,
  TimeSpan,
} from "../src/execution/step-functions.ts";
import { executionArnOf, stateMachineArnOf } from "../src/execution/step-functions.ts";

/** Executions that run until told otherwise; a name starts once. */
export class MemoryStepFunctions implements ExecutionStarter, ExecutionReader, ExecutionStopper {
  readonly executions = new Map<string, ExecutionDescription>();
  readonly mapParents = new Map<string, string>();
  /** What histories say of Tasks that started executions. */
  readonly submitted: { readonly parent: string; readonly child: string; readonly at: number }[] = [];
  readonly inputs: string[] = [];
  readonly startDate: number;

  constructor(startDate: number) {
    this.startDate = startDate;
  }

  async start(request: { startArn: string; name: string; input: string }): Promise<StartOutcome> {
    const executionArn = executionArnOf(request.startArn, request.name);
    this.inputs.push(request.input);
    if (this.executions.has(executionArn)) return { started: false, reason: "exists" };
    this.add({ executionArn, input: request.input });
    return { started: true, executionArn, startDate: this.startDate };
  }

  async describe(executionArn: string): Promise<ExecutionDescription | undefined> {
    return this.executions.get(executionArn);
  }

  async mapParent(executionArn: string): Promise<string | undefined> {
    return this.mapParents.get(executionArn);
  }

  async hasStarted(parent: string, child: string, { from, to }: TimeSpan): Promise<boolean> {
    return this.submitted.some(
      (start) => start.parent === parent && start.child === child && start.at >= from && start.at <= to,
    );
  }

  async stop(executionArn: string, reason?: { readonly error: string }): Promise<boolean> {
    const execution = this.executions.get(executionArn);
    if (execution?.status !== "RUNNING") return false;
    this.executions.set(executionArn, {
      ...execution,
      status: "ABORTED",
      ...(reason && { error: reason.error }),
    });
    return true;
  }

  /** Puts an execution there, as if someone had started it. */
  add(execution: Partial<ExecutionDescription> & { executionArn: string }): void {
    this.executions.set(execution.executionArn, {
      stateMachineArn: stateMachineArnOf(execution.executionArn),
      status: "RUNNING",
      startDate: this.startDate,
      redriveCount: 0,
      ...execution,
    });
  }
}
