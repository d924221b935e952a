/** Lists are some seconds behind: what started this long before the covered time is compared once more. */
const overlapMs = 10 * 60_000;

/** How far the starts of a state machine's executions have been reconciled. */
export interface Progress {
  /** Epoch milliseconds: of everything that started before, the start is on the record. */
  readonly coveredTo: number;
  /** A pass that ran out of time, to be gone on with. */
  readonly pass?: Pass;
}

/** One walk through a list, newest first. */
export interface Pass {
  /** Starts in this window are looked at, both ends included; epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  /** From here on every start is compared with the record, before it only what was redriven. */
  readonly compareFrom: number;
  /** The page to go on with; all pages before it are done. */
  readonly next?: string;
  /** The earliest start of an execution that could not be reconciled. */
  readonly failedAt?: number;
}

/** The pass, having failed at executions that started then. */
export function failedAt<P extends Pass>(pass: P, starts: readonly number[]): P {
  if (starts.length === 0) return pass;
  return { ...pass, failedAt: Math.min(pass.failedAt ?? Number.POSITIVE_INFINITY, ...starts) };
}

/** Where a pass began to be new: what failed without a time is tried again from there. */
export function beginOf({ compareFrom }: Pass): number {
  return compareFrom + overlapMs;
}

/** Keeps the progress of each state machine. */
export interface ReconcileProgress {
  /** @throws {UnavailableError} `store.unavailable`. */
  get(stateMachineArn: string): Promise<Progress | undefined>;

  /**
   * Replaces it; resolves only once durable. Whatever is put is true by itself, so that of two reconcilers
   * either may come last: the other's work is then done again.
   *
   * @throws {UnavailableError} `store.unavailable`.
   */
  put(stateMachineArn: string, progress: Progress): Promise<void>;
}

export interface PassWindow {
  /** Epoch milliseconds: later starts may still be on their way. */
  readonly to: number;
  /** How far back redriven executions are looked for, and everything the first time. */
  readonly lookBackMs: number;
}

/** The pass that follows what is covered. */
export function nextPass(progress: Progress | undefined, { to, lookBackMs }: PassWindow): Pass {
  const compareFrom = progress ? progress.coveredTo - overlapMs : to - lookBackMs;
  return { from: Math.min(compareFrom, to - lookBackMs), to, compareFrom };
}

/**
 * What is covered once a pass is through: nothing after an execution that could not be reconciled, so that it
 * is tried again, but not for longer than one looks back.
 */
export function coveredBy(pass: Pass, { to, lookBackMs }: PassWindow): Progress {
  return { coveredTo: Math.max(Math.min(pass.failedAt ?? pass.to, pass.to), to - lookBackMs) };
}
