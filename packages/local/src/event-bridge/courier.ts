import { errorCode, errorMessage, UndeliverableError } from "./delivery-error.ts";
import type { DeliveryFailure, Journal, OpenDelivery } from "./journal.ts";
import { type DeliveryTarget, defaultRetryPolicy } from "./target.ts";

/**
 * Hands a payload to a target; `attributes` come with a dead letter only.
 *
 * Rejects when the target could not take it; the caller retries unless the error is an {@link UndeliverableError}.
 */
export type Deliver = (
  target: DeliveryTarget,
  payload: string,
  attributes?: Readonly<Record<string, string>>,
) => Promise<void>;

/** Waits; rejects when `signal` aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<unknown>;

export interface CourierDeps {
  readonly journal: Journal;
  readonly deliver: Deliver;
  readonly now: () => number;
  readonly sleep: Sleep;
}

/** Carries the open deliveries of the journal to their targets, each until it is settled. */
export interface Courier {
  /** Starts on deliveries of the journal; those already under way are left alone. */
  take(ids: readonly number[]): void;
  /** Resolves once nothing taken is open any more. */
  idle(): Promise<void>;
  /** Lets attempts under way end, leaves the rest open in the journal. */
  close(): Promise<void>;
}

const deliveriesAtOnce = 16;

export function createCourier({ journal, deliver, now, sleep }: CourierDeps): Courier {
  const underWay = new Map<number, Promise<void>>();
  const closing = new AbortController();
  const slots = createSlots(deliveriesAtOnce);

  async function carry(id: number): Promise<void> {
    let waited = false;
    for (;;) {
      // Read inside the slot, so that a long backlog is not held in memory.
      const wait = await slots.run(() => attemptWhenDue(id, waited));
      if (wait === undefined) return;
      waited = wait > 0;
      if (waited && !(await sleptThrough(wait))) return;
    }
  }

  async function sleptThrough(ms: number): Promise<boolean> {
    await sleep(ms, closing.signal).catch((error: unknown) => {
      if (!closing.signal.aborted) throw error;
    });
    return !closing.signal.aborted;
  }

  /** Answers how long to wait for the next attempt, `undefined` when there is none to make here. */
  async function attemptWhenDue(id: number, waited: boolean): Promise<number | undefined> {
    const delivery = closing.signal.aborted ? undefined : journal.find(id);
    if (!delivery) return undefined;
    const wait = delivery.nextAttemptAt - now();
    if (wait > 0 && !waited) return wait;
    if (delivery.state === "pending") await attemptTarget(delivery);
    else await attemptDeadLetter(delivery);
    return 0;
  }

  async function attemptTarget(delivery: OpenDelivery): Promise<void> {
    try {
      await deliver(delivery.target, delivery.payload);
    } catch (error) {
      const failure = exhaustedBy(delivery, error, now());
      if (failure) journal.exhaust(delivery.id, failure, now());
      else journal.postpone(delivery.id, delivery.attempts + 1, nextAttemptAt(delivery, now()));
      return;
    }
    journal.settle(delivery.id, "delivered", now());
  }

  async function attemptDeadLetter(delivery: OpenDelivery): Promise<void> {
    if (delivery.deadLetterArn === undefined) {
      journal.settle(delivery.id, "dropped", now());
      return;
    }
    try {
      await deliver({ arn: delivery.deadLetterArn }, delivery.event, deadLetterAttributes(delivery));
    } catch (error) {
      retryDeadLetter(delivery, error);
      return;
    }
    journal.settle(delivery.id, "dead_lettered", now());
  }

  function retryDeadLetter(delivery: OpenDelivery, error: unknown): void {
    const retriesLeft = delivery.attempts < defaultRetryPolicy.MaximumRetryAttempts;
    if (retriesLeft && !(error instanceof UndeliverableError)) {
      journal.postpone(delivery.id, delivery.attempts + 1, now() + backoffMs(delivery.attempts));
      return;
    }
    process.stderr.write(
      `event bridge: event lost, ${delivery.deadLetterArn} can't be reached: ${errorMessage(error)}\n`,
    );
    journal.settle(delivery.id, "dropped", now());
  }

  return {
    take(ids) {
      for (const id of ids) {
        if (underWay.has(id)) continue;
        underWay.set(
          id,
          carry(id)
            .catch((error: unknown) => reportStuck(id, error))
            .finally(() => underWay.delete(id)),
        );
      }
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay.values());
    },
    async close() {
      closing.abort();
      await Promise.allSettled(underWay.values());
    },
  };
}

/** The delivery stays open in the journal, for the next process. */
function reportStuck(id: number, error: unknown): void {
  process.stderr.write(`event bridge: delivery ${id} is left open: ${errorMessage(error)}\n`);
}

function exhaustedBy(delivery: OpenDelivery, error: unknown, nowMs: number): DeliveryFailure | undefined {
  const failure = { code: errorCode(error), message: errorMessage(error), retryAttempts: delivery.attempts };
  if (error instanceof UndeliverableError) return failure;
  if (delivery.attempts >= delivery.maximumRetryAttempts) {
    return { ...failure, exhausted: "MaximumRetryAttempts" };
  }
  if (nowMs >= tooOldAt(delivery)) return { ...failure, exhausted: "MaximumEventAgeInSeconds" };
  return undefined;
}

function nextAttemptAt(delivery: OpenDelivery, nowMs: number): number {
  return Math.min(nowMs + backoffMs(delivery.attempts), tooOldAt(delivery));
}

function tooOldAt(delivery: OpenDelivery): number {
  return delivery.acceptedAt + delivery.maximumEventAgeInSeconds * 1000;
}

const longestBackoffMs = 10 * 60_000;

/** Doubles from one second to ten minutes, less up to half of it, so that failures don't come back together. */
function backoffMs(attempts: number): number {
  const whole = Math.min(1000 * 2 ** attempts, longestBackoffMs);
  return Math.ceil(whole * (0.5 + Math.random() / 2));
}

/** Source: EventBridge user guide, "Considerations for using a dead-letter queue". */
function deadLetterAttributes(delivery: OpenDelivery): Record<string, string> {
  const failure = delivery.failure;
  return {
    RULE_ARN: delivery.ruleArn,
    TARGET_ARN: delivery.target.arn,
    ERROR_CODE: failure?.code ?? "UNKNOWN",
    ERROR_MESSAGE: failure?.message ?? "unknown",
    ...(failure?.exhausted ? { EXHAUSTED_RETRY_CONDITION: failure.exhausted } : {}),
    RETRY_ATTEMPTS: String(failure?.retryAttempts ?? 0),
  };
}

interface Slots {
  run<T>(work: () => Promise<T>): Promise<T>;
}

/** Lets at most `size` pieces of work run at once, the others in the order they came. */
function createSlots(size: number): Slots {
  let free = size;
  const waiting: Array<() => void> = [];
  return {
    async run(work) {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free++;
      }
    },
  };
}
