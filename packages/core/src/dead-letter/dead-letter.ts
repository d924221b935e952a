import type { ErrorCode } from "../error/catalog.ts";

/**
 * What is kept of a message that could not be handled: enough to find it, explain it and try again,
 * and never the message itself, which may hold a token.
 */
export interface DeadLetter {
  readonly id: string;
  /** The queue it goes back to when it is redriven. */
  readonly queue: "status-events" | "revocations";
  readonly reason: { readonly code: ErrorCode; readonly message: string };
  /** SHA-256 and size of the original body. */
  readonly sha256: string;
  readonly bytes: number;
  readonly receiveCount: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** The body with input, output and cause taken out; absent when the original could not be parsed. */
  readonly redrivable?: string;
}

/** The dead-letter queue: written by the function that gave up, never by the queue itself. */
export interface DeadLetterQueue {
  /** Resolves once durable. @throws {UnavailableError} `store.unavailable`. */
  send(letter: DeadLetter): Promise<void>;

  /** Looks at letters without taking them away; at most `limit`. */
  list(limit: number): Promise<readonly DeadLetter[]>;

  /**
   * Sends letters back to the queues they came from and removes them, at most `limit`; those without a body that
   * can be sent stay. With `ids`, only those.
   *
   * First `intend` is told what is about to be done, and nothing is sent before it resolves: when it throws, all
   * letters stay. A crash or an outage after it may leave any of them, or send one and leave it too, never lose
   * one: redrive again.
   *
   * @throws {UnavailableError} `store.unavailable`.
   */
  redrive(intend: (plan: Redrive) => Promise<void>, limit: number, ids?: readonly string[]): Promise<Redrive>;
}

/** Letters that are sent back, and those asked for that have no body to send. */
export interface Redrive {
  readonly redriven: readonly DeadLetter[];
  readonly kept: readonly DeadLetter[];
}
