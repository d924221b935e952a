import { expect, test } from "vitest";
import { ledgerTable, stateTable } from "./tables.ts";
import { itemBytes, writeUnits } from "./write-units.ts";

test("names and values count in UTF-8 bytes", () => {
  expect(itemBytes({ pk: { S: "é" } })).toBe(4);
  expect(itemBytes({ e: { B: new Uint8Array(10) } })).toBe(11);
});

test.each([
  ["0", 1],
  ["1", 2],
  ["-1", 3],
  ["100", 2],
  ["1770000000000", 3],
  ["1770000000001", 8],
])("number %s takes %i bytes", (number, bytes) => {
  expect(itemBytes({ n: { N: number } })).toBe(1 + bytes);
});

test("lists and maps have bytes of their own", () => {
  expect(itemBytes({ l: { L: [{ S: "ab" }, { BOOL: true }] } })).toBe(1 + 3 + 2 + 2 + 1);
  expect(itemBytes({ m: { M: { a: { S: "b" } } } })).toBe(1 + 3 + 1 + 2);
  expect(itemBytes({ s: { SS: ["ab", "c"] }, z: { NULL: true } })).toBe(1 + 3 + 1 + 1);
});

const key = { pk: { S: "EXECUTION#a" }, sk: { S: "1" } };
const indexed = { ...key, t: { S: "1" }, d: { S: "DAY#1" }, c: { S: "CLIENT#1" } };

test("an item costs a unit for each kilobyte begun, and one for each index it is in", () => {
  const item = { ...indexed, e: { B: new Uint8Array(1024) } };
  expect(writeUnits(ledgerTable("l"), undefined, item)).toEqual({
    table: 2,
    indexes: { byTime: 1, byClient: 1 },
    total: 4,
  });
});

test("a row that is pointed at by no index costs the table alone", () => {
  expect(writeUnits(ledgerTable("l"), undefined, key).total).toBe(1);
});

test("an update is billed for the larger of both items, and not for index rows that stay", () => {
  const before = { pk: { S: "a" }, i: { S: "open#1" }, s: { S: "x".repeat(2000) } };
  const after = { ...before, s: { S: "x" } };
  expect(writeUnits(stateTable("s"), before, after)).toEqual({ table: 2, indexes: {}, total: 2 });
});

test("leaving an index costs one unit, changing its partition two", () => {
  const before = { pk: { S: "a" }, i: { S: "open#1" } };
  expect(writeUnits(stateTable("s"), before, { pk: { S: "a" } }).total).toBe(2);
  expect(writeUnits(stateTable("s"), before, { ...before, i: { S: "revoking#1" } }).total).toBe(3);
  expect(writeUnits(stateTable("s"), before, undefined).total).toBe(2);
});
