/** Seconds before the first retry; doubled with each further one. */
const firstSeconds = 2;
/** The longest wait that is ours to choose; whoever asks for longer is waited for, up to {@link maxAskedSeconds}. */
export const maxBackoffSeconds = 900;
/** An answer that asks for more (RFC 9110 §10.2.3 `Retry-After`) is taken for a mistake. */
const maxAskedSeconds = 3_600;

export interface Backoff {
  /** 1 for the first try that failed. */
  readonly tries: number;
  /** What the other side asked for, if it did. */
  readonly retryAfterSeconds: number | undefined;
  /** A number in [0, 1), so that those who failed together do not come back together. */
  readonly random: number;
}

/**
 * Whole seconds to wait before the next try: half of a doubling wait and a random share of the other half, and
 * never less than the other side asked for.
 */
export function backoffSeconds({ tries, retryAfterSeconds = 0, random }: Backoff): number {
  const full = Math.min(firstSeconds * 2 ** Math.max(0, tries - 1), maxBackoffSeconds);
  const own = Math.ceil(full / 2 + (full / 2) * random);
  const asked = Math.min(Math.max(0, Math.ceil(retryAfterSeconds)), maxAskedSeconds);
  return Math.max(own, asked);
}
