import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { EntryKey } from "@countersign/core/entry/entry-key";
import { partitionsOf, periodsOf, timeKey } from "@countersign/core/ledger/index-keys";
import type { Question } from "@countersign/core/ledger/ledger";
import type { Item } from "./item.ts";
import { keyOf } from "./ledger-item.ts";
import { queryItems } from "./read.ts";
import { ledgerAttributes, ledgerIndexes } from "./tables.ts";

/** A question that is answered from an index, which is every one but `execution`. */
export type IndexedQuestion = Exclude<Question, { by: "execution" }>;

/** A row of an index: where it stands, and the entry it speaks of. */
export interface IndexRow {
  readonly partition: string;
  readonly time: string;
  readonly key: EntryKey;
}

/** A window over an index's sort key. */
export interface IndexWindow {
  /** Inclusive, epoch milliseconds. */
  readonly from: number;
  /** Exclusive sort key. */
  readonly before: string;
}

/** The table the indexes belong to. */
export interface IndexSource {
  readonly dynamodb: DynamoDBClient;
  readonly table: string;
}

/** Nothing was recorded before this: periods older than it are not asked for. */
export const ledgerEpoch = Date.UTC(2026, 0, 1);

/** The most periods asked for at once, once periods have turned out to be empty. */
const maxWidth = 8;

/**
 * Yields the rows of a question, newest first, in batches of at most `count`.
 *
 * All partitions of a period are read in parallel. Empty stretches of time are walked in growing strides,
 * so that a sparse year costs few round trips and a full day no read too many.
 */
export async function* walkIndex(
  source: IndexSource,
  question: IndexedQuestion,
  window: IndexWindow,
  count: number,
): AsyncGenerator<readonly IndexRow[]> {
  const from = Math.max(window.from, ledgerEpoch);
  let { before } = window;
  let periods = periodsOf(question, from, endOf(before));
  let width = 1;
  while (periods.length > 0) {
    const partitions = periods.slice(0, width).flatMap((period) => partitionsOf(question, period));
    const rows = await newestRows(source, question, partitions, { from, before }, count);
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (last && rows.length === count) {
      before = last.time;
      periods = periodsOf(question, from, endOf(before));
    } else {
      periods = periods.slice(width);
      width = Math.min(width * 2, maxWidth);
    }
  }
}

async function newestRows(
  source: IndexSource,
  question: IndexedQuestion,
  partitions: readonly string[],
  window: IndexWindow,
  count: number,
): Promise<IndexRow[]> {
  const reads = partitions.flatMap((partition) =>
    shapesOf(question).map((shape) => newestOf(source, shape, partition, window, count)),
  );
  const rows = (await Promise.all(reads)).flat();
  return rows.sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0)).slice(0, count);
}

async function newestOf(
  { dynamodb, table }: IndexSource,
  shape: IndexShape,
  partition: string,
  { from, before }: IndexWindow,
  count: number,
): Promise<IndexRow[]> {
  const items = queryItems(dynamodb, {
    TableName: table,
    ...(shape.index !== undefined && { IndexName: shape.index }),
    KeyConditionExpression: "#p = :p AND #t BETWEEN :from AND :before",
    ExpressionAttributeNames: { "#p": shape.partition, "#t": shape.time },
    ExpressionAttributeValues: {
      ":p": { S: partition },
      ":from": { S: timeKey(from) },
      ":before": { S: before },
    },
    ScanIndexForward: false,
    // One more than asked for: BETWEEN takes in the bound itself.
    Limit: count + 1,
  });
  const rows: IndexRow[] = [];
  for await (const item of items) {
    const time = item[shape.time]?.S ?? "";
    if (time < before) rows.push({ partition, time, key: shape.key(item) });
    if (rows.length === count) break;
  }
  return rows;
}

interface IndexShape {
  readonly index?: string;
  readonly partition: string;
  readonly time: string;
  readonly key: (row: Item) => EntryKey;
}

/** An entry's first scope is found by its index, each further one by a row of the table itself. */
const furtherScopes: IndexShape = {
  partition: ledgerAttributes.partition,
  time: ledgerAttributes.sort,
  key: (row) => ({
    pk: row[ledgerAttributes.rowPartition]?.S ?? "",
    sk: row[ledgerAttributes.rowSort]?.S ?? "",
  }),
};

function shapesOf({ by }: IndexedQuestion): IndexShape[] {
  const { name, partition } = ledgerIndexes[by];
  const indexed = { index: name, partition, time: ledgerAttributes.time, key: keyOf };
  return by === "scope" ? [indexed, furtherScopes] : [indexed];
}

/** The exclusive end in milliseconds of what stands before a sort key. */
function endOf(before: string): number {
  return Number(before.slice(0, 13)) + 1;
}
