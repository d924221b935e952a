import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { Clock } from "@countersign/core/clock";
import { buildEntry, type EntryFields } from "@countersign/core/entry/build-entry";
import type { Entry } from "@countersign/core/entry/entry";
import { entryKey } from "@countersign/core/entry/entry-key";
import { IntegrityError } from "@countersign/core/error/errors";
import { indexKeys, timeKey } from "@countersign/core/ledger/index-keys";
import type {
  Appended,
  LedgerReader,
  LedgerWriter,
  Page,
  PageRequest,
  Question,
} from "@countersign/core/ledger/ledger";
import { orUnavailable } from "../sdk-error.ts";
import type { Item } from "./item.ts";
import { readCursor, writeCursor } from "./ledger-cursor.ts";
import { type IndexedQuestion, type IndexRow, walkIndex } from "./ledger-index.ts";
import {
  differingFields,
  entryItem,
  keyOf,
  overflowItem,
  overflowKey,
  readEntry,
  restoreOverflow,
  scopeRows,
} from "./ledger-item.ts";
import { getItems, queryItems } from "./read.ts";
import { ledgerAttributes as names } from "./tables.ts";

/** Where a ledger is kept. */
export interface LedgerSource {
  readonly dynamodb: DynamoDBClient;
  readonly table: string;
  readonly clock: Clock;
}

/** Appends entries to the ledger table, each by single, conditional puts. */
export function createLedgerWriter(source: LedgerSource): LedgerWriter {
  return new DynamoLedgerWriter(source);
}

/** Answers the ledger's questions by key; `docs/query-plans.md` has the plan of each. */
export function createLedgerReader(source: LedgerSource): LedgerReader {
  return new DynamoLedgerReader(source);
}

class DynamoLedgerWriter implements LedgerWriter {
  readonly #source: LedgerSource;

  constructor(source: LedgerSource) {
    this.#source = source;
  }

  async append(fields: EntryFields): Promise<Appended> {
    const stored = buildEntry(fields, this.#source.clock.now());
    const { entry, overflow } = stored;
    // Before the entry: one that is there is whole and found by its scopes. What a crash leaves behind
    // points at nothing, and the reader skips it.
    const around = [...(overflow ? [overflowItem(overflow)] : []), ...scopeRows(entry)];
    await Promise.all(around.map((item) => this.#putIfAbsent(item)));
    const existing = await this.#putIfAbsent(entryItem(stored));
    if (!existing) return { entryId: entry.entryId, result: "appended" };
    const standing = await withOverflow(this.#source, readEntry(existing));
    checkSameFact(standing, restoreOverflow(entry, overflow?.bytes));
    return { entryId: entry.entryId, result: "existing" };
  }

  /** Resolves with the item that stands in the way, or undefined when there was none. */
  async #putIfAbsent(item: Item): Promise<Item | undefined> {
    const { dynamodb, table } = this.#source;
    const command = new PutItemCommand({
      TableName: table,
      Item: item,
      ConditionExpression: `attribute_not_exists(${names.partition})`,
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    try {
      await orUnavailable(dynamodb.send(command), `table ${table}`);
      return undefined;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return error.Item ?? {};
    }
  }
}

class DynamoLedgerReader implements LedgerReader {
  readonly #source: LedgerSource;

  constructor(source: LedgerSource) {
    this.#source = source;
  }

  async query(question: Question, page: PageRequest): Promise<Page> {
    const after = readCursor(question, page);
    return question.by === "execution"
      ? this.#ofExecution(question, page, after)
      : this.#ofIndex(question, page, after);
  }

  async #ofExecution(
    question: Extract<Question, { by: "execution" }>,
    page: PageRequest,
    after: string | undefined,
  ): Promise<Page> {
    const found: Entry[] = [];
    let more = false;
    for await (const entry of this.#executionEntries(question.executionArn, page.limit, after)) {
      if (entry.recordedAt < page.from || entry.recordedAt >= page.to) continue;
      more = found.length === page.limit;
      if (more) break;
      found.push(entry);
    }
    const last = found.at(-1);
    const entries = await Promise.all(found.map((entry) => withOverflow(this.#source, entry)));
    return {
      entries: entries.sort(newestFirst),
      ...(more && last && { cursor: writeCursor(question, page, entryKey(last).sk) }),
    };
  }

  /** By descending key: what has a startDate, newest instance first, then what the gate did before one. */
  async *#executionEntries(
    executionArn: string,
    limit: number,
    after: string | undefined,
  ): AsyncGenerator<Entry> {
    const gate = { from: "gate#", to: "gate$" };
    const instances = { from: "0", to: ":" };
    const ranges = after?.startsWith(gate.from) ? [gate] : [instances, gate];
    for (const [index, range] of ranges.entries()) {
      const to = index === 0 ? (after ?? range.to) : range.to;
      const items = queryItems(this.#source.dynamodb, {
        TableName: this.#source.table,
        ConsistentRead: true,
        KeyConditionExpression: `${names.partition} = :pk AND ${names.sort} BETWEEN :from AND :to`,
        ExpressionAttributeValues: {
          ":pk": { S: `EXECUTION#${executionArn}` },
          ":from": { S: range.from },
          ":to": { S: to },
        },
        ScanIndexForward: false,
        Limit: limit + 2,
      });
      for await (const item of items) if (keyOf(item).sk !== after) yield readEntry(item);
    }
  }

  async #ofIndex(question: IndexedQuestion, page: PageRequest, after: string | undefined): Promise<Page> {
    const { clock } = this.#source;
    // A day of grace for clocks that run ahead; beyond it there is nothing to walk through.
    const to = Math.min(page.to, clock.now() + 86_400_000);
    const window = { from: page.from, before: after ?? timeKey(to) };
    const found: Entry[] = [];
    for await (const rows of walkIndex(this.#source, question, window, page.limit + 1)) {
      found.push(...(await this.#entriesOf(rows)));
      if (found.length > page.limit) break;
    }
    const entries = found.slice(0, page.limit);
    const last = entries.at(-1);
    const whole = await Promise.all(entries.map((entry) => withOverflow(this.#source, entry)));
    if (found.length <= page.limit || !last) return { entries: whole };
    return { entries: whole, cursor: writeCursor(question, page, timeKey(last.recordedAt, last.entryId)) };
  }

  /** The entries of rows, in their order, without rows that a failed or repeated append left behind. */
  async #entriesOf(rows: readonly IndexRow[]): Promise<Entry[]> {
    const keys = new Map(rows.map(({ key: { pk, sk } }) => [keyText(pk, sk), itemKey(pk, sk)]));
    const items = await this.#readAll(keys);
    return rows.flatMap((row) => {
      const item = items.get(keyText(row.key.pk, row.key.sk));
      const entry = item && readEntry(item);
      return entry && belongs(row, entry) ? [entry] : [];
    });
  }

  /** An item that an index knows and a replica does not know yet is asked for again, consistently. */
  async #readAll(keys: ReadonlyMap<string, Item>): Promise<Map<string, Item>> {
    const { dynamodb, table } = this.#source;
    const items = byKey(await getItems(dynamodb, table, [...keys.values()], { consistent: false }));
    const missing = [...keys].filter(([text]) => !items.has(text)).map(([, key]) => key);
    const late = missing.length > 0 ? await getItems(dynamodb, table, missing, { consistent: true }) : [];
    return new Map([...items, ...byKey(late)]);
  }
}

async function withOverflow({ dynamodb, table }: LedgerSource, entry: Entry): Promise<Entry> {
  if (!entry.overflow) return entry;
  const [item] = await getItems(dynamodb, table, [overflowKey(entry.overflow.sha256)], { consistent: true });
  return restoreOverflow(entry, item?.[names.overflow]?.B);
}

function belongs(row: IndexRow, entry: Entry): boolean {
  const { time, scopes, ...partitions } = indexKeys(entry);
  return row.time === time && [...Object.values(partitions), ...scopes].includes(row.partition);
}

function checkSameFact(standing: Entry, again: Entry): void {
  const fields = differingFields(standing, again);
  if (fields.length === 0) return;
  const { pk, sk } = entryKey(standing);
  throw new IntegrityError(
    "ledger.fact_conflict",
    `the fact at ${pk} ${sk} is recorded with other content, it differs in ${fields.join(", ")}`,
  );
}

function newestFirst(a: Entry, b: Entry): number {
  return (
    b.occurredAt - a.occurredAt || b.recordedAt - a.recordedAt || (entryKey(a).sk < entryKey(b).sk ? 1 : -1)
  );
}

function byKey(items: readonly Item[]): Map<string, Item> {
  return new Map(
    items.map((item) => {
      const { pk, sk } = keyOf(item);
      return [keyText(pk, sk), item];
    }),
  );
}

function keyText(pk: string, sk: string): string {
  return `${pk}\n${sk}`;
}

function itemKey(pk: string, sk: string): Item {
  return { [names.partition]: { S: pk }, [names.sort]: { S: sk } };
}
