import type { Clock } from "../clock.ts";
import { type FinishErasureDeps, finishErasure } from "./erase-subject.ts";

export interface SweepErasuresDeps extends FinishErasureDeps {
  readonly clock: Clock;
}

export interface ErasuresReport {
  readonly finished: number;
  readonly failed: number;
}

export interface SweepErasuresOptions {
  /** Epoch milliseconds: what is not looked at by then is left to the next sweep. */
  readonly until: number;
  /** Told of each erasure that could not be finished; the others are. */
  readonly onFailure: (erasureId: string, error: unknown) => void;
}

/** Finishes erasures that crashes have left; safe beside the request that is still at it, and beside itself. */
export async function sweepErasures(
  deps: SweepErasuresDeps,
  options: SweepErasuresOptions,
): Promise<ErasuresReport> {
  const report = { finished: 0, failed: 0 };
  for await (const erasure of deps.erasures.list()) {
    if (deps.clock.now() >= options.until) break;
    try {
      await finishErasure(deps, erasure);
      report.finished += 1;
    } catch (error) {
      report.failed += 1;
      options.onFailure(erasure.id, error);
    }
  }
  return report;
}
