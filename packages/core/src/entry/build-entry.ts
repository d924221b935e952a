import { createHash } from "node:crypto";
import { canonicalBytes, canonicalJson, type LedgerValue } from "./canonical-json.ts";
import { type Entry, entrySchema } from "./entry.ts";
import { entryId, entryKey, isStatusAction } from "./entry-key.ts";

/** What a caller says of an entry; the rest follows from it. */
export type EntryFields = Omit<Entry, "schema" | "entryId" | "recordedAt" | "overflow">;

/** An entry ready to be stored: the bytes that are hashed and kept verbatim. */
export interface StoredEntry {
  readonly entry: Entry;
  readonly bytes: Uint8Array;
  /** Fields moved out because the entry was too large, under their own hash. */
  readonly overflow?: { readonly sha256: string; readonly bytes: Uint8Array };
}

/** The most bytes an entry keeps in itself; larger `detail` and `claims` move to an overflow item. */
export const maxEntryBytes = 16 * 1024;

/**
 * Completes, validates and serializes an entry.
 *
 * @throws {z.ZodError} when a field is not of the published schema.
 * @throws {TypeError} when the fact is not identified.
 */
export function buildEntry(fields: EntryFields, recordedAt: number): StoredEntry {
  const id = entryId(entryKey(fields));
  const entry = entrySchema.parse({ ...fields, schema: "countersign.entry.v1", entryId: id, recordedAt });
  const bytes = serialize(entry);
  const staysWhole = bytes.length <= maxEntryBytes || !(entry.detail || entry.claims);
  return staysWhole ? { entry, bytes } : withOverflow(entry);
}

/**
 * The part of an entry that is the same whatever learned it and whenever.
 *
 * Left out: recordedAt, source and what only some sources or tries can know: the links and evidence around
 * the fact, and the time of a fact that is our own doing, for a second try has a time of its own.
 */
export function factProjection(entry: Entry): string {
  const {
    recordedAt: _recordedAt,
    source: _source,
    personal: _personal,
    overflow: _overflow,
    ...rest
  } = entry;
  const { causedBy: _causedBy, expiresAt: _expiresAt, occurredAt, fingerprint, ...fact } = rest;
  const detail = { ...fact.detail };
  for (const name of sourceOnlyDetails) delete detail[name];
  const projection = {
    ...fact,
    detail,
    ...(isStatusAction(entry.action) && { occurredAt }),
    ...(!entry.action.startsWith("token.") && fingerprint !== undefined && { fingerprint }),
  };
  return canonicalJson(projection as unknown as LedgerValue);
}

/**
 * Details that one source of a fact knows and another does not, or that are only those of the first of several
 * looks that one entry stands for (`window`, `results`).
 */
export const sourceOnlyDetails = [
  "input",
  "output",
  "redriveDate",
  "redriveStatus",
  "gap",
  "evidence",
  "exposedUntil",
  "reason",
  "window",
  "results",
] as const;

function serialize(entry: Entry): Uint8Array {
  return canonicalBytes(entry as unknown as LedgerValue);
}

function withOverflow(entry: Entry): StoredEntry {
  const { detail, claims, ...kept } = entry;
  const bytes = canonicalBytes({ detail, claims } as LedgerValue);
  const sha256 = createHash("sha256").update(bytes).digest("base64url");
  const fields = [detail && "detail", claims && "claims"].filter((name) => name !== undefined);
  const smaller = entrySchema.parse({ ...kept, overflow: { sha256, bytes: bytes.length, fields } });
  return { entry: smaller, bytes: serialize(smaller), overflow: { sha256, bytes } };
}
