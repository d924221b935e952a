const two = (value: number): string => String(value).padStart(2, "0");

/** The zone that local times are in, `Europe/Berlin`: unlike an offset, true of summer and winter. */
export function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** The local date, `2026-11-24`. */
export function localDate(epochMillis: number): string {
  const date = new Date(epochMillis);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The local time of day, `04:09:12.345`. */
export function localTime(epochMillis: number): string {
  const date = new Date(epochMillis);
  const millis = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${millis}`;
}

/** Local date and time. */
export function localDateTime(epochMillis: number): string {
  return `${localDate(epochMillis)} ${localTime(epochMillis)}`;
}
