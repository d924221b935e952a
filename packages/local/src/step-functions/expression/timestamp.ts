import type { Json } from "../json.ts";

const rfc3339 = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** Reads a timestamp in the RFC 3339 profile of ISO 8601 with capital T and Z; undefined for anything else. */
export function timestampMillis(value: Json | undefined): number | undefined {
  if (typeof value !== "string" || !rfc3339.test(value)) return undefined;
  const millis = Date.parse(value);
  return Number.isNaN(millis) ? undefined : millis;
}
