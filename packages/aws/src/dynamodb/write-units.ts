import type { AttributeValue, CreateTableInput, KeySchemaElement } from "@aws-sdk/client-dynamodb";
import type { Item } from "./item.ts";

const unitBytes = 1024;

/** Write units of one write: of the table itself, and of each index it touches. */
export interface WriteUnits {
  readonly table: number;
  readonly indexes: Readonly<Record<string, number>>;
  readonly total: number;
}

/**
 * Bytes of an item as DynamoDB bills it: names and values, UTF-8.
 *
 * Numbers are DynamoDB's own approximation: a byte for two significant digits, and one more.
 *
 * {@link https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html}
 */
export function itemBytes(item: Item): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(item)) bytes += utf8(name) + valueBytes(value);
  return bytes;
}

/**
 * Write units of one standard (not transactional) write that turns `before` into `after`.
 *
 * The table is billed for the larger of both; an index for the row that goes and the row that comes, each
 * rounded up by itself, and for nothing when its row stays as it is.
 */
export function writeUnits(
  table: CreateTableInput,
  before: Item | undefined,
  after: Item | undefined,
): WriteUnits {
  const larger = Math.max(before ? itemBytes(before) : 0, after ? itemBytes(after) : 0);
  const own = Math.max(1, units(larger));
  const indexes: Record<string, number> = {};
  for (const index of table.GlobalSecondaryIndexes ?? []) {
    const keys = [...names(index.KeySchema), ...names(table.KeySchema)];
    const cost = indexUnits(indexRow(before, keys), indexRow(after, keys));
    if (cost > 0) indexes[index.IndexName ?? ""] = cost;
  }
  const total = Object.values(indexes).reduce((sum, cost) => sum + cost, own);
  return { table: own, indexes, total };
}

function indexUnits(before: Item | undefined, after: Item | undefined): number {
  if (before && after && JSON.stringify(before) === JSON.stringify(after)) return 0;
  return (before ? units(itemBytes(before)) : 0) + (after ? units(itemBytes(after)) : 0);
}

/** The row of a KEYS_ONLY index, or undefined when the item lacks one of its keys. */
function indexRow(item: Item | undefined, keys: readonly string[]): Item | undefined {
  if (!item) return undefined;
  const row: Item = {};
  for (const key of keys) {
    const value = item[key];
    if (value === undefined) return undefined;
    row[key] = value;
  }
  return row;
}

function names(schema: readonly KeySchemaElement[] | undefined): string[] {
  return (schema ?? []).map((element) => element.AttributeName ?? "");
}

function units(bytes: number): number {
  return Math.ceil(bytes / unitBytes);
}

function valueBytes(value: AttributeValue): number {
  if (value.S !== undefined) return utf8(value.S);
  if (value.N !== undefined) return numberBytes(value.N);
  if (value.B !== undefined) return value.B.length;
  if (value.SS) return sum(value.SS.map(utf8));
  if (value.NS) return sum(value.NS.map(numberBytes));
  if (value.BS) return sum(value.BS.map((bytes) => bytes.length));
  // A list or map has 3 bytes of its own, and one more for each element.
  if (value.L) return 3 + value.L.length + sum(value.L.map(valueBytes));
  if (value.M) return 3 + Object.keys(value.M).length + itemBytes(value.M);
  return 1;
}

function numberBytes(number: string): number {
  const digits = number.replace(/[eE].*$/, "").replace(/[-+.]/g, "");
  const significant = digits.replace(/^0+/, "").replace(/0+$/, "").length;
  return Math.min(21, Math.ceil(significant / 2) + 1 + (number.startsWith("-") ? 1 : 0));
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

function utf8(text: string): number {
  return Buffer.byteLength(text, "utf8");
}
