import type { Subject } from "@countersign/core/entry/entry";
import type { ExecutionState } from "@countersign/core/execution/execution-state";
import { Faults } from "../../core/test-support/faults.ts";
import { arnOf, grantWith, issuer, startDate, workflowsWith } from "../../core/test-support/fixtures.ts";
import { MemoryClock } from "../../core/test-support/memory-clock.ts";
import { MemoryExecutionStore } from "../../core/test-support/memory-execution-store.ts";
import { MemoryLedger } from "../../core/test-support/memory-ledger.ts";
import { MemoryStepFunctions } from "../../core/test-support/memory-step-functions.ts";
import { executionsHandler } from "../src/executions/handler.ts";
import { call, KnownTokens, MemoryLog, type RequestFacts } from "./api.ts";

export const executionArn = arnOf("e");
export const eve: Subject = { iss: issuer, sub: "eve" };

type Policy = Parameters<typeof workflowsWith>[0];

/** What the executions function touches, in memory; its own caller is Ada, and Eve has a token too. */
export class Executions {
  readonly clock = new MemoryClock(startDate + 1_000);
  readonly ledger = new MemoryLedger(this.clock);
  readonly executions = new MemoryExecutionStore();
  readonly stepFunctions = new MemoryStepFunctions(startDate);
  readonly tokens = new KnownTokens();
  readonly stops: { arn: string; error: string; cause: string }[] = [];
  readonly #policy: Policy;
  /** Calls of the last request, in their order. */
  calls: readonly string[] = [];

  constructor(policy: Policy = {}) {
    this.#policy = policy;
    this.tokens.add("eve", { subject: eve });
  }

  /** One execution of Ada's, as the gate leaves it. */
  static async running(policy?: Policy, change: Partial<ExecutionState> = {}) {
    const world = new Executions(policy);
    world.stepFunctions.add({ executionArn });
    await world.executions.put({
      executionArn,
      workflow: "payout",
      startDate,
      redriveCount: 0,
      status: "RUNNING",
      attribution: "gate",
      grants: [grantWith()],
      open: true,
      revision: 1,
      ...change,
    });
    return world;
  }

  get(facts: RequestFacts = {}) {
    return call(this.#handler(), "GET /executions/{executionArn}", { path: { executionArn }, ...facts });
  }

  stop(facts: RequestFacts = {}) {
    return call(this.#handler(), "POST /executions/{executionArn}/stop", {
      path: { executionArn },
      ...facts,
    });
  }

  #handler() {
    const stop: MemoryStepFunctions["stop"] = (arn, reason) => {
      this.stops.push({ arn, ...(reason as { error: string; cause: string }) });
      return this.stepFunctions.stop(arn, reason);
    };
    const faults = new Faults();
    this.calls = faults.calls;
    return executionsHandler({
      clock: this.clock,
      workflows: workflowsWith(this.#policy),
      executions: faults.watch("executions", this.executions),
      reader: faults.watch("reader", this.stepFunctions),
      stopper: { stop },
      ledger: faults.watch("ledger", this.ledger),
      verifier: this.tokens,
      log: new MemoryLog(),
    });
  }
}
