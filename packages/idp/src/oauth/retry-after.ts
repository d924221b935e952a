/** Seconds of a `Retry-After` header, whether it counts them or names a date (RFC 9110 §10.2.3). */
export function retryAfterSeconds(header: string | null | undefined, now: number): number | undefined {
  if (!header) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  // A date names its month; without letters Date.parse would read a plain or negative number as a year.
  const at = /[A-Za-z]{3}/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}
