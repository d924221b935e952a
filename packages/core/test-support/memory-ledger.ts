import { createHash } from "node:crypto";
import type { Clock } from "../src/clock.ts";
import { buildEntry, type EntryFields, factProjection, type StoredEntry } from "../src/entry/build-entry.ts";
import { canonicalJson, type LedgerValue } from "../src/entry/canonical-json.ts";
import type { Entry } from "../src/entry/entry.ts";
import { entryKey } from "../src/entry/entry-key.ts";
import { IntegrityError, InvalidInputError } from "../src/error/errors.ts";
import { indexKeys, partitionsOf, periodsOf } from "../src/ledger/index-keys.ts";
import type {
  Appended,
  LedgerReader,
  LedgerWriter,
  Page,
  PageRequest,
  Question,
} from "../src/ledger/ledger.ts";

/** A ledger that takes one write for each key, and answers through the index keys alone. */
export class MemoryLedger implements LedgerWriter, LedgerReader {
  readonly #clock: Clock;
  readonly #stored = new Map<string, StoredEntry>();
  readonly #indexed = new Map<string, Entry[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async append(fields: EntryFields): Promise<Appended> {
    const stored = buildEntry(fields, this.#clock.now());
    const { pk, sk } = entryKey(fields);
    const standing = this.#stored.get(`${pk}\n${sk}`);
    if (standing) return sameFact(standing.entry, stored.entry);
    this.#stored.set(`${pk}\n${sk}`, stored);
    for (const partition of partitionsFor(stored.entry)) {
      this.#indexed.set(partition, [...(this.#indexed.get(partition) ?? []), stored.entry]);
    }
    return { entryId: stored.entry.entryId, result: "appended" };
  }

  async query(question: Question, page: PageRequest): Promise<Page> {
    const found = this.#partitions(question, page)
      .flatMap((partition) => this.#indexed.get(partition) ?? [])
      .filter(({ recordedAt }) => recordedAt >= page.from && recordedAt < page.to)
      .sort((a, b) => (indexKeys(a).time < indexKeys(b).time ? 1 : -1));
    const rest = found.slice(startAfter(question, page, found));
    const entries = rest.slice(0, page.limit);
    const last = entries.at(-1);
    return {
      entries,
      ...(rest.length > page.limit && last && { cursor: cursorFor(question, page, last) }),
    };
  }

  #partitions(question: Question, page: PageRequest): string[] {
    if (question.by === "execution") return [`EXECUTION#${question.executionArn}`];
    const to = Math.min(page.to, this.#clock.now() + 1);
    return periodsOf(question, page.from, to).flatMap((period) => partitionsOf(question, period));
  }

  /** Every entry, in the order it was written. */
  get entries(): readonly Entry[] {
    return [...this.#stored.values()].map(({ entry }) => entry);
  }

  /** Actions in the order they were written. */
  get actions(): readonly string[] {
    return this.entries.map(({ action }) => action);
  }

  /** The only entry of an action. */
  only(action: Entry["action"]): Entry {
    const [entry, ...more] = this.entries.filter((one) => one.action === action);
    if (!entry || more.length > 0) throw new Error(`expected one ${action}, the ledger has ${this.actions}`);
    return entry;
  }

  /** What is the same whatever order and however often facts arrived: projections under their keys. */
  projections(): Record<string, string> {
    const rows = [...this.#stored].map(([key, { entry }]) => [key, factProjection(entry)] as const);
    return Object.fromEntries(rows.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function sameFact(standing: Entry, again: Entry): Appended {
  if (factProjection(standing) !== factProjection(again)) {
    throw new IntegrityError("ledger.fact_conflict", `${standing.action} is recorded with other content`);
  }
  return { entryId: standing.entryId, result: "existing" };
}

function partitionsFor(entry: Entry): string[] {
  const { time: _time, scopes, ...keys } = indexKeys(entry);
  const execution = entry.executionArn === undefined ? [] : [`EXECUTION#${entry.executionArn}`];
  return [...execution, ...Object.values(keys), ...scopes];
}

function cursorFor(question: Question, page: PageRequest, last: Entry): string {
  return `${windowDigest(question, page)}.${last.entryId}`;
}

function startAfter(question: Question, page: PageRequest, found: readonly Entry[]): number {
  if (page.cursor === undefined) return 0;
  const [window, entryId] = page.cursor.split(".");
  if (window === windowDigest(question, page)) {
    return found.findIndex((entry) => entry.entryId === entryId) + 1;
  }
  throw new InvalidInputError("request.malformed", '"cursor" belongs to another question or window', {
    field: "cursor",
  });
}

function windowDigest(question: Question, { from, to }: PageRequest): string {
  const asked = canonicalJson({ question: question as unknown as LedgerValue, from, to });
  return createHash("sha256").update(asked).digest("base64url").slice(0, 22);
}
