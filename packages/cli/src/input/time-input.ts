import { usageError } from "../output/failure.ts";

const unitMillis: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const isoTime = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * Epoch milliseconds of a time as people write it: `15m` (that long ago), or ISO 8601, local without offset.
 *
 * @throws {CommandError} when it is neither.
 */
export function readTime(text: string, option: string, now: number): number {
  const ago = /^(\d{1,6})([smhd])$/.exec(text);
  if (ago) return now - Number(ago[1]) * (unitMillis[ago[2] ?? ""] ?? 0);
  // a date alone would be read as UTC, while a date with a time is local
  const time = isoTime.test(text) ? Date.parse(text.length === 10 ? `${text}T00:00` : text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw usageError(
    `${option} is "${text}", which is not a time`,
    "give a length of time, as in 15m, 2h or 7d, or ISO 8601, as in 2026-11-24T04:00Z",
  );
}
