import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { arnOf, startDate, subject } from "../../test-support/fixtures.ts";
import { buildEntry, type EntryFields, factProjection, maxEntryBytes } from "./build-entry.ts";
import { canonicalBytes, type LedgerValue } from "./canonical-json.ts";
import { type Entry, entrySchema, sources } from "./entry.ts";
import { entryId, entryKey } from "./entry-key.ts";

const failed: EntryFields = {
  action: "execution.failed",
  outcome: "failure",
  source: "event",
  attribution: "gate",
  occurredAt: startDate + 5_000,
  subject,
  clientId: "payments-app",
  scopes: ["payout:start"],
  workflow: "payout",
  executionArn: arnOf("e"),
  startDate,
  redriveCount: 0,
  causedBy: "B".repeat(43),
  error: { name: "States.TaskFailed" },
  detail: { note: "a", redriveStatus: "REDRIVABLE" },
};
const revoked: EntryFields = {
  ...failed,
  action: "token.revoked",
  id: "g-1",
  fingerprint: "v1.k1.grant",
  expiresAt: startDate + 1,
  detail: { evidence: "introspection" },
};
const at = startDate + 9_000;
const projectionOf = (fields: EntryFields, recordedAt = at) =>
  factProjection(buildEntry(fields, recordedAt).entry);
const parse = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString("utf8")) as unknown;

describe("an entry", () => {
  test("is stored as its own canonical bytes, which parse back to it", () => {
    const { entry, bytes, overflow } = buildEntry(failed, at);
    expect(parse(bytes)).toEqual(entry);
    expect(Buffer.from(canonicalBytes(entry as unknown as LedgerValue))).toEqual(Buffer.from(bytes));
    expect(overflow).toBeUndefined();
  });

  test("has the id of its fact, whatever learned it and whenever it was recorded", () => {
    const ids = sources.flatMap((source) =>
      [at, at + 1].map((recordedAt) => buildEntry({ ...failed, source }, recordedAt).entry.entryId),
    );
    expect(new Set(ids)).toEqual(new Set([entryId(entryKey(failed))]));
  });

  test("has the same key when it is read back", () => {
    const { entry } = buildEntry(revoked, at);
    expect(entryKey(entry)).toEqual(entryKey(revoked));
  });

  test("of a field outside the schema is refused", () => {
    const stray = { ...failed, rawToken: "x" } as EntryFields;
    expect(() => buildEntry(stray, at)).toThrow(z.ZodError);
    expect(() => buildEntry({ ...failed, occurredAt: 1.5 }, at)).toThrow(z.ZodError);
  });
});

describe("an entry of more than 16 KiB", () => {
  const detail = Object.fromEntries(
    Array.from({ length: 8 }, (_, index) => [`part${index}`, "x".repeat(4_000)]),
  );
  const claims = { tenant: "acme" };

  test("keeps detail and claims apart under their hash, and round-trips", () => {
    const { entry, bytes, overflow } = buildEntry({ ...failed, detail, claims }, at);
    expect(bytes.length).toBeLessThanOrEqual(maxEntryBytes);
    expect(entry).not.toHaveProperty("detail");
    expect(entry).not.toHaveProperty("claims");
    const kept = overflow?.bytes ?? new Uint8Array();
    expect(entry.overflow).toEqual({
      sha256: createHash("sha256").update(kept).digest("base64url"),
      bytes: kept.length,
      fields: ["detail", "claims"],
    });
    expect({ ...entry, ...(parse(kept) as object), overflow: undefined }).toEqual({
      ...buildEntry({ ...failed, claims }, at).entry,
      detail,
    });
  });

  test("says which fields it moved", () => {
    expect(buildEntry({ ...failed, detail }, at).entry.overflow?.fields).toEqual(["detail"]);
  });

  test("with nothing to move stays whole", () => {
    const { detail: _detail, ...rest } = failed;
    const scopes = Array.from({ length: 128 }, (_, index) => `scope-${index}-`.padEnd(200, "s"));
    const { entry, overflow } = buildEntry({ ...rest, scopes }, at);
    expect(entry.overflow).toBeUndefined();
    expect(overflow).toBeUndefined();
  });

  test("of exactly the limit stays whole", () => {
    const padded = (length: number) => buildEntry({ ...failed, workflow: "w", detail: filled(length) }, at);
    const spare = maxEntryBytes - padded(0).bytes.length;
    expect(padded(spare).entry.overflow).toBeUndefined();
    expect(padded(spare).bytes.length).toBe(maxEntryBytes);
    expect(padded(spare + 1).entry.overflow).toBeDefined();
  });
});

/** Details that hold so many characters of text, in values short enough for the schema. */
function filled(length: number): NonNullable<EntryFields["detail"]> {
  const parts = Array.from({ length: 5 }, (_, index) => Math.max(0, Math.min(4_000, length - index * 4_000)));
  return Object.fromEntries(parts.map((size, index) => [`p${index}`, "x".repeat(size)]));
}

describe("the projection of a fact", () => {
  test.each<[string, Partial<EntryFields>]>([
    ["source", { source: "reconcile" }],
    ["personal data", { personal: { key: "k", ciphertext: "AAAA" } }],
    ["causedBy", { causedBy: "C".repeat(43) }],
    ["expiresAt", { expiresAt: 5 }],
    ["the digest of the input", { detail: { note: "a", input: { sha256: "x", bytes: 1 } } }],
    ["the redrive date", { detail: { note: "a", redriveDate: 7 } }],
    ["a note of a gap", { detail: { note: "a", gap: "missed" } }],
    ["the window of a query", { detail: { note: "a", window: { from: 1, to: 2 } } }],
    ["the number of results", { detail: { note: "a", results: 3 } }],
  ])("does not depend on %s", (_name, change) => {
    expect(projectionOf({ ...failed, ...change })).toBe(projectionOf(failed));
  });

  test("does not depend on the time of recording", () => {
    expect(projectionOf(failed, at + 1)).toBe(projectionOf(failed));
  });

  test.each<[string, Partial<EntryFields>]>([
    ["the time of a status", { occurredAt: startDate }],
    ["the outcome", { outcome: "success" }],
    ["the subject", { subject: { iss: subject.iss, sub: "eve" } }],
    ["the attribution", { attribution: "none" }],
    ["the scopes", { scopes: ["payout:admin"] }],
    ["the error", { error: { name: "Other" } }],
    ["a detail every source knows", { detail: { note: "b" } }],
    ["the fingerprint", { fingerprint: "v1.k1.other" }],
  ])("depends on %s", (_name, change) => {
    expect(projectionOf({ ...failed, ...change })).not.toBe(projectionOf(failed));
  });

  test("of our own doing does not depend on when a try did it, nor on the token's fingerprint", () => {
    const again = { ...revoked, occurredAt: at + 60_000, fingerprint: "v1.k2.grant", detail: {} };
    expect(projectionOf(again)).toBe(projectionOf(revoked));
  });
});

describe("the published schema of an entry", () => {
  const published = z.fromJSONSchema(
    z.toJSONSchema(entrySchema, { target: "draft-2020-12" }) as Parameters<typeof z.fromJSONSchema>[0],
  );

  test("accepts what is built and refuses what is not of it", () => {
    const stored = [failed, revoked, { ...failed, personal: { key: "k", ciphertext: "AAAA" } }];
    for (const fields of stored) {
      const value = parse(buildEntry(fields, at).bytes) as Entry;
      expect(published.safeParse(value).error).toBeUndefined();
      expect(published.safeParse({ ...value, token: "x" }).success).toBe(false);
      expect(published.safeParse({ ...value, action: "execution.vanished" }).success).toBe(false);
      expect(published.safeParse({ ...value, entryId: "short" }).success).toBe(false);
      expect(published.safeParse({ ...value, occurredAt: -1 }).success).toBe(false);
    }
  });

  test("accepts every entry that can be built", () => {
    const scalar = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constant(null),
    );
    const fields = fc.record({
      occurredAt: fc.nat(),
      clientId: fc.string({ minLength: 1, maxLength: 20 }),
      scopes: fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 4 }),
      detail: fc.dictionary(fc.string({ maxLength: 8 }), scalar, { maxKeys: 4, noNullPrototype: true }),
      id: fc.string({ minLength: 1, maxLength: 20 }),
    });
    fc.assert(
      fc.property(fields, (change) => {
        const value = parse(buildEntry({ ...revoked, ...change }, at).bytes);
        expect(published.safeParse(value).error).toBeUndefined();
      }),
    );
  });
});
