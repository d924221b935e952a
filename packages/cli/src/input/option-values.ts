import { usageError } from "../output/failure.ts";

/**
 * Reads a whole number from `least` to `most`.
 *
 * @throws {CommandError} naming the option and the expected form.
 */
export function readWhole(text: string, option: string, least = 1, most = Number.MAX_SAFE_INTEGER): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw usageError(
    `${option} is "${text}", expected a whole number ${range}`,
    `as in ${option} ${example(least)}`,
  );
}

/**
 * Adds scopes to those read before; several in one word are split (RFC 6749 §3.3).
 *
 * @throws {CommandError} when there is none.
 */
export function readScopes(text: string, before: readonly string[] = []): readonly string[] {
  const scopes = text.split(/\s+/).filter((scope) => scope !== "");
  if (scopes.length > 0) return [...before, ...scopes];
  throw usageError(`--scope is "${text}", expected the name of a scope`, "as in --scope payout:start");
}

const example = (least: number): number => (least > 1 ? least : 50);
