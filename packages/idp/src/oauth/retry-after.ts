/** RFC 9110 §5.6.7: a day name first and a time of day somewhere, which `Date.parse` alone would not ask for. */
const httpDate = /^[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d/;

/** Seconds of a `Retry-After` header, whether it counts them or names a date (RFC 9110 §10.2.3). */
export function retryAfterSeconds(header: string | null | undefined, now: number): number | undefined {
  if (!header) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  if (!httpDate.test(header)) return undefined;
  // The asctime form names no zone; it is GMT as well.
  const at = Date.parse(header.endsWith(" GMT") ? header : `${header} GMT`);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}
