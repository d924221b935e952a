/** A value the ledger can hold: no fractions, no undefined, integers below 2^53. */
export type LedgerValue =
  | string
  | number
  | boolean
  | null
  | readonly LedgerValue[]
  | { readonly [key: string]: LedgerValue | undefined };

/**
 * Serializes a value as canonical JSON (RFC 8785), limited to integers below 2^53.
 *
 * Members whose value is `undefined` are left out. A lone surrogate, which RFC 8785 leaves to the
 * caller, is replaced by U+FFFD in keys and values alike.
 *
 * @throws {TypeError} for a number that is not a safe integer, a value JSON has no form for, or two member
 * names that the replacement makes one.
 */
export function canonicalJson(value: LedgerValue): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value.toWellFormed());
  if (typeof value === "number") return integer(value);
  // Array.from, unlike map, visits holes: they are refused as undefined, not skipped.
  if (Array.isArray(value)) return `[${Array.from(value, (item) => canonicalJson(item)).join(",")}]`;
  if (typeof value === "object") return members(value as Record<string, LedgerValue | undefined>);
  throw new TypeError(`a ledger value is a JSON value, not ${typeof value}`);
}

/** The UTF-8 bytes of {@link canonicalJson}. */
export function canonicalBytes(value: LedgerValue): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value));
}

function integer(value: number): string {
  if (!Number.isSafeInteger(value))
    throw new TypeError(`a ledger number is an integer below 2^53, not ${value}`);
  return Object.is(value, -0) ? "0" : String(value);
}

function members(value: Record<string, LedgerValue | undefined>): string {
  const parts: string[] = [];
  // RFC 8785 §3.2.3 sorts by UTF-16 code units, which is how JavaScript compares strings.
  const keys = Object.keys(value).map((key) => [key.toWellFormed(), key] as const);
  keys.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (const [index, [name, key]] of keys.entries()) {
    if (name === keys[index - 1]?.[0]) throw new TypeError("two ledger members have one name");
    const member = value[key];
    if (member !== undefined) parts.push(`${JSON.stringify(name)}:${canonicalJson(member)}`);
  }
  return `{${parts.join(",")}}`;
}
