import { EventEmitter } from "node:events";
import type { DatabaseSync } from "node:sqlite";
import type { AwsJsonService } from "../wire/aws-json.ts";
import { inTransaction } from "../wire/transaction.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { InvokeFunction } from "./interpreter/run.ts";
import type { OperationContext } from "./operations/context.ts";
import { executionOperations } from "./operations/executions.ts";
import { nestedExecutions } from "./operations/nested-executions.ts";
import { retentionMs } from "./operations/start-execution.ts";
import { stateMachineOperations } from "./operations/state-machines.ts";
import { versionOperations } from "./operations/versions.ts";
import { createOutbox } from "./outbox.ts";
import { createRunner } from "./runner.ts";
import type { StatusChangeEvent } from "./status-event.ts";
import { createExecutionStore } from "./store/executions.ts";
import { createMachineStore } from "./store/machines.ts";
import { createTables } from "./store/tables.ts";

/** What the Step Functions endpoint needs from around it. */
export interface StepFunctionsDeps {
  readonly database: DatabaseSync;
  /** Epoch milliseconds; the machine's clock when absent. */
  readonly now?: () => number;
  /** Waits; real timers when absent. Rejects with the signal's reason as soon as it is aborted. */
  readonly sleep?: Clock["sleep"];
  /** Invokes a Lambda function by name or ARN; resolves with what AWS's Invoke answers. */
  readonly invokeFunction: InvokeFunction;
  /**
   * Given each status event once it is durable, at least once each and in no promised order.
   *
   * An event is forgotten when this resolves, and given again, after a restart too, when it rejects.
   */
  publish(event: StatusChangeEvent): Promise<void>;
}

/** The Step Functions endpoint of the embedded runtime. */
export interface StepFunctions {
  readonly service: AwsJsonService;
  /** Takes up what the last process left: unpublished events and running executions. */
  resume(): Promise<void>;
  /** Ends all work and leaves what runs for the next process; the database stays open. */
  close(): Promise<void>;
}

/** Builds the endpoint over its database. */
export function createStepFunctions(deps: StepFunctionsDeps): StepFunctions {
  const { database } = deps;
  createTables(database);
  const system = systemClock(deps.now);
  const clock = { now: system.now, sleep: deps.sleep ?? system.sleep };
  const executions = createExecutionStore(database);
  const machines = createMachineStore(database);
  const outbox = createOutbox(database, (event) => deps.publish(event));
  const stores = { database, executions, machines, outbox, endings: new EventEmitter() };
  const invokeFunction: InvokeFunction = (name, payload) => deps.invokeFunction(name, payload);
  const runner = createRunner({ stores, clock, invokeFunction, nested: nestedExecutions(() => context) });
  const context: OperationContext = { ...stores, clock, runner };
  return {
    service: {
      targetPrefix: "AWSStepFunctions",
      jsonVersion: "1.0",
      operations: {
        ...stateMachineOperations(context),
        ...versionOperations(context),
        ...executionOperations(context),
      },
    },
    async resume() {
      inTransaction(database, () => executions.expire(clock.now() - retentionMs));
      for (const execution of executions.running()) runner.start(execution);
      await outbox.drain();
    },
    async close() {
      outbox.close();
      await runner.close();
    },
  };
}
