const units = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** A length of time as people write it: a whole number and a unit, `90s`, `15m`, `1h`, `7d`. */
export type Duration = `${number}${keyof typeof units}`;

/** Seconds of a duration, or undefined when it is not one. */
export function durationSeconds(duration: string): number | undefined {
  const match = /^(\d{1,9})([smhd])$/.exec(duration);
  const seconds = match ? Number(match[1]) * units[match[2] as keyof typeof units] : 0;
  return seconds > 0 ? seconds : undefined;
}
