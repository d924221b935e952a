import { neutralize } from "./text.ts";

/** Lines of names and values, the values in one column; those without a value are left out. */
export function fieldLines(fields: Readonly<Record<string, string | undefined>>): string {
  const present = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined);
  const width = Math.max(...present.map(([name]) => name.length));
  return present.map(([name, value]) => `${name.padEnd(width)}  ${neutralize(value)}\n`).join("");
}
