import { createHash } from "node:crypto";
import { factProjection, type StoredEntry } from "@countersign/core/entry/build-entry";
import { canonicalJson, type LedgerValue } from "@countersign/core/entry/canonical-json";
import { type Entry, entrySchema } from "@countersign/core/entry/entry";
import { type EntryKey, entryId, entryKey } from "@countersign/core/entry/entry-key";
import { IntegrityError } from "@countersign/core/error/errors";
import { type IndexKeys, indexKeys } from "@countersign/core/ledger/index-keys";
import type { Item } from "./item.ts";
import { ledgerAttributes as names } from "./tables.ts";

/** The item of an entry: its bytes verbatim, and beside them the keys that follow from them. */
export function entryItem({ entry, bytes }: StoredEntry): Item {
  const { pk, sk } = entryKey(entry);
  const index = indexKeys(entry);
  return {
    [names.partition]: { S: pk },
    [names.sort]: { S: sk },
    [names.entry]: { B: bytes },
    [names.time]: { S: index.time },
    [names.day]: { S: index.day },
    ...(index.subject !== undefined && { [names.subject]: { S: index.subject } }),
    ...(index.client !== undefined && { [names.client]: { S: index.client } }),
    ...(index.workflow !== undefined && { [names.workflow]: { S: index.workflow } }),
    ...(index.outcome !== undefined && { [names.outcome]: { S: index.outcome } }),
    ...(index.scopes[0] !== undefined && { [names.scope]: { S: index.scopes[0] } }),
  };
}

/** A row for each scope of an entry after the first, which is an index attribute: an attribute holds one value. */
export function scopeRows(entry: Entry, index: IndexKeys = indexKeys(entry)): Item[] {
  const { pk, sk } = entryKey(entry);
  return index.scopes.slice(1).map((scope) => ({
    [names.partition]: { S: scope },
    [names.sort]: { S: index.time },
    [names.rowPartition]: { S: pk },
    [names.rowSort]: { S: sk },
  }));
}

/** The item that holds the fields an entry was too large for, under their own hash. */
export function overflowItem({ sha256, bytes }: NonNullable<StoredEntry["overflow"]>): Item {
  return { ...overflowKey(sha256), [names.overflow]: { B: bytes } };
}

/** Key of an overflow item. */
export function overflowKey(sha256: string): Item {
  return { [names.partition]: { S: `OVERFLOW#${sha256}` }, [names.sort]: { S: "0" } };
}

/** The key of an item of the ledger table. */
export function keyOf(item: Item): EntryKey {
  return { pk: item[names.partition]?.S ?? "", sk: item[names.sort]?.S ?? "" };
}

/**
 * Reads an entry from its item, and checks that it stands under the key and time its own bytes say.
 *
 * @throws {IntegrityError} `ledger.entry_unreadable`.
 */
export function readEntry(item: Item): Entry {
  const key = keyOf(item);
  const entry = parseEntry(item[names.entry]?.B, key);
  const own = ownKey(entry, key);
  if (own.pk !== key.pk || own.sk !== key.sk) throw unreadable(key, "its bytes belong under another key");
  if (entry.entryId !== entryId(own)) throw unreadable(key, "entryId is not the hash of its key");
  if (indexKeys(entry).time !== item[names.time]?.S)
    throw unreadable(key, "it is indexed under another time");
  return entry;
}

/**
 * Puts the fields that were moved out of an entry back into it; `overflow` stays, so that the stored form
 * can be had again.
 *
 * @throws {IntegrityError} `ledger.entry_unreadable` when they are missing or not what was moved out.
 */
export function restoreOverflow(entry: Entry, bytes: Uint8Array | undefined): Entry {
  if (!entry.overflow) return entry;
  const key = entryKey(entry);
  if (!bytes) throw unreadable(key, "its overflow item is missing");
  const sha256 = createHash("sha256").update(bytes).digest("base64url");
  if (sha256 !== entry.overflow.sha256)
    throw unreadable(key, "its overflow item does not have the recorded hash");
  const moved = entrySchema.pick({ detail: true, claims: true }).safeParse(parseJson(bytes, key));
  if (!moved.success) throw unreadable(key, "its overflow item does not hold the moved fields");
  const { detail, claims } = moved.data;
  return { ...entry, ...(detail && { detail }), ...(claims && { claims }) };
}

/** Names of the fields in which two records of one fact differ, `detail` by its members; empty when none. */
export function differingFields(a: Entry, b: Entry): string[] {
  const [one, other] = [a, b].map((entry) => flatten(JSON.parse(factProjection(entry)))) as [Flat, Flat];
  const fields = new Set([...one.keys(), ...other.keys()]);
  return [...fields].filter((field) => one.get(field) !== other.get(field)).sort();
}

type Flat = Map<string, string>;

function flatten(projection: Record<string, LedgerValue>): Flat {
  const { detail, ...rest } = projection;
  const members = Object.entries((detail ?? {}) as Record<string, LedgerValue>);
  return new Map([
    ...Object.entries(rest).map(([name, value]) => [name, canonicalJson(value)] as const),
    ...members.map(([name, value]) => [`detail.${name}`, canonicalJson(value)] as const),
  ]);
}

function parseEntry(bytes: Uint8Array | undefined, key: EntryKey): Entry {
  if (!bytes) throw unreadable(key, "it holds no bytes");
  const parsed = entrySchema.safeParse(parseJson(bytes, key));
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.join(".") || "entry";
  throw unreadable(key, `"${field}" is not of the published schema`, parsed.error);
}

function parseJson(bytes: Uint8Array, key: EntryKey): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    // The parser's own message would quote what it read.
    throw unreadable(key, `its bytes are not JSON (${(error as Error).name})`);
  }
}

function ownKey(entry: Entry, key: EntryKey): EntryKey {
  try {
    return entryKey(entry);
  } catch (error) {
    throw unreadable(key, "its bytes do not identify a fact", error);
  }
}

function unreadable({ pk, sk }: EntryKey, fact: string, cause?: unknown): IntegrityError {
  return new IntegrityError("ledger.entry_unreadable", `the entry at ${pk} ${sk} cannot be read: ${fact}`, {
    cause,
  });
}
