import { type StartDeps, type StartRequest, startExecution } from "../src/gate/start-execution.ts";
import { revokeGrant } from "../src/revoker/revoke-grant.ts";
import { type SweepReport, sweep } from "../src/sweeper/sweep.ts";
import { type CrashPoint, Faults } from "./faults.ts";
import { issuer, startDate, subject, tokenWith, workflowsWith } from "./fixtures.ts";
import { MemoryClock } from "./memory-clock.ts";
import { MemoryExecutionStore } from "./memory-execution-store.ts";
import { MemoryLedger } from "./memory-ledger.ts";
import {
  MemoryBlockList,
  MemoryDenyList,
  MemoryPersonalData,
  MemoryStartRate,
  MemoryTokenUses,
} from "./memory-limits.ts";
import { MemoryRevocationQueue } from "./memory-queues.ts";
import { MemorySeals } from "./memory-seals.ts";
import { MemoryStepFunctions } from "./memory-step-functions.ts";
import { onlyProvider, ScriptedProvider } from "./scripted-provider.ts";

/** Everything a gate touches, kept in memory. */
export class GateWorld {
  readonly clock = new MemoryClock(startDate);
  readonly ledger = new MemoryLedger(this.clock);
  readonly executions = new MemoryExecutionStore();
  readonly seals = new MemorySeals();
  readonly personal = new MemoryPersonalData();
  readonly blocks = new MemoryBlockList();
  readonly startRate = new MemoryStartRate();
  readonly tokenUses = new MemoryTokenUses();
  readonly denials = new MemoryDenyList();
  tokenUse: "many" | "once" = "many";
  readonly revocations = new MemoryRevocationQueue();
  readonly stepFunctions = new MemoryStepFunctions(startDate + 250);
  readonly provider = new ScriptedProvider(subject, startDate);
  /** The caller's token itself, to be looked for where it must not be. */
  readonly rawToken = `inbound-token-${Math.random().toString(36).slice(2)}`;
  readonly #policy: Parameters<typeof workflowsWith>[0];

  constructor(policy: Parameters<typeof workflowsWith>[0] = {}) {
    this.#policy = policy;
  }

  deps(faults = new Faults()): StartDeps {
    return {
      clock: this.clock,
      workflows: workflowsWith(this.#policy),
      ledger: faults.watch("ledger", this.ledger),
      executions: faults.watch("executions", this.executions),
      sealer: {
        prepare: (context) => faults.watch("seal", this.seals.prepare(context)),
      },
      personal: faults.watch("personal", this.personal),
      blocks: faults.watch("blocks", this.blocks),
      startRate: faults.watch("rate", this.startRate),
      tokenUses: faults.watch("uses", this.tokenUses),
      providers: onlyProvider(faults.watch("provider", this.provider), issuer),
      revocations: faults.watch("revocations", this.revocations),
      starter: faults.watch("starter", this.stepFunctions),
      reader: faults.watch("reader", this.stepFunctions),
      fingerprint: (token) => `v1.k1.${token.length}`,
      issuer: () => ({ grantAudience: "https://steps.example", tokenUse: this.tokenUse }),
      gateKey: Buffer.alloc(32, 1),
    };
  }

  request(change: Partial<StartRequest> = {}): StartRequest {
    return {
      workflow: "payout",
      input: { amount: 1 },
      idempotencyKey: "key-1",
      token: tokenWith(),
      rawToken: this.rawToken,
      origin: { sourceIp: "192.0.2.7", userAgent: "test/1" },
      ...change,
    };
  }

  start(change: Partial<StartRequest> = {}, deps: Partial<StartDeps> = {}) {
    return startExecution({ ...this.deps(), ...deps }, this.request(change));
  }

  /** Starts in a process of its own, which may die or be slow at one call; answers with its journal. */
  async startUnder(crashAt?: CrashPoint, slow?: string): Promise<Faults> {
    const faults = new Faults(crashAt, slow);
    try {
      await startExecution(this.deps(faults), this.request());
    } catch (error) {
      if (!faults.crashed) throw error;
    }
    return faults;
  }

  /** Sweeps in a process of its own, which may die at one call; answers with its report and journal. */
  async sweep(crashAt?: CrashPoint): Promise<{ report?: SweepReport; failures: unknown[]; faults: Faults }> {
    const faults = new Faults(crashAt);
    const { clock, ledger, executions, revocations, reader } = this.deps(faults);
    const deps = {
      clock,
      ledger,
      executions,
      revocations,
      reader,
      lister: this.executions,
      entries: this.ledger,
    };
    const failures: unknown[] = [];
    const report = await sweep(deps, {
      until: Number.POSITIVE_INFINITY,
      onFailure: (_arn, error) => failures.push(error),
    });
    return { report, failures, faults };
  }

  /** Does what the revoker does with every hint it was sent. */
  async revoke(): Promise<void> {
    for (const hint of this.revocations.hints.splice(0)) {
      const { ledger: entries, seals, denials } = this;
      await revokeGrant({ ...this.deps(), entries, seals, denials }, hint);
    }
  }

  /** The only execution there is a state of. */
  get state() {
    const [arn] = this.executions.arns;
    return arn === undefined ? undefined : this.executions.peek(arn);
  }

  /** All that is kept or sent on, but for the seals, as one text. */
  get text(): string {
    const kept = [
      this.ledger.entries,
      this.executions.text,
      this.revocations.hints,
      this.stepFunctions.inputs,
    ];
    return JSON.stringify(kept);
  }

  /** Every secret that was about, in no order. */
  get secrets(): readonly string[] {
    return [this.rawToken, ...this.provider.issued];
  }
}
