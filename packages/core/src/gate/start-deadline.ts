import { UnavailableError } from "../error/errors.ts";
import type { Grant } from "../execution/execution-state.ts";

/** A start that is not asked for by now may be taken for dead and abandoned by others. */
export const startDeadlineMs = 60_000;

/** @throws {UnavailableError} `store.unavailable` when the start must not be asked for any more. */
export function checkDeadline({ decidedAt }: Grant, now: number): void {
  if (now - decidedAt <= startDeadlineMs) return;
  throw new UnavailableError(
    "store.unavailable",
    `the start was not recorded within ${startDeadlineMs / 1000} s, expected it before Step Functions is asked`,
  );
}
