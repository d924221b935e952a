import { createHash, randomUUID } from "node:crypto";
import { dataLimitBytes, isObject, type Json, jsonEquals, parseJson } from "../json.ts";
import { seededRandom } from "./seeded-random.ts";

type Intrinsic = (args: readonly Json[]) => Json;

const mostArrayItems = 1_000;
const mostTextLength = 10_000;

/**
 * The intrinsic functions by their name after `States.`; each throws an `Error` on arguments it cannot take.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
 */
export const intrinsicFunctions: ReadonlyMap<string, Intrinsic> = new Map<string, Intrinsic>([
  ["Array", (args) => [...args]],
  ["ArrayPartition", arrayPartition],
  ["ArrayContains", ([list, item]) => array(list).some((held) => jsonEquals(held, given(item)))],
  ["ArrayRange", arrayRange],
  ["ArrayGetItem", arrayGetItem],
  ["ArrayLength", ([list]) => array(list).length],
  ["ArrayUnique", arrayUnique],
  ["Base64Encode", ([value]) => Buffer.from(short(value)).toString("base64")],
  ["Base64Decode", ([value]) => Buffer.from(short(value), "base64").toString("utf8")],
  ["Hash", hash],
  ["JsonMerge", jsonMerge],
  ["JsonToString", ([value]) => JSON.stringify(given(value))],
  ["StringToJson", ([value]) => parseJson(text(value))],
  ["StringSplit", stringSplit],
  ["MathRandom", mathRandom],
  ["MathAdd", mathAdd],
  ["UUID", uuid],
  ["Format", format],
]);

function given(value: Json | undefined): Json {
  if (value === undefined) throw new Error("an argument is missing");
  return value;
}

function array(value: Json | undefined): Json[] {
  if (!Array.isArray(value)) throw new Error("the argument is not an array");
  return value;
}

function text(value: Json | undefined): string {
  if (typeof value !== "string") throw new Error("the argument is not a string");
  return value;
}

function short(value: Json | undefined): string {
  const held = text(value);
  if (held.length > mostTextLength) throw new Error(`the string is over ${mostTextLength} characters`);
  return held;
}

function integer(value: Json | undefined): number {
  if (typeof value !== "number") throw new Error("the argument is not a number");
  return Math.round(value);
}

function arrayPartition([list, size]: readonly Json[]): Json {
  const step = integer(size);
  if (step < 1) throw new Error("the chunk size is not positive");
  const items = array(list);
  return Array.from({ length: Math.ceil(items.length / step) }, (_, at) =>
    items.slice(at * step, (at + 1) * step),
  );
}

function arrayRange([first, last, by]: readonly Json[]): Json {
  const [start, end, step] = [integer(first), integer(last), integer(by)];
  if (step === 0) throw new Error("the increment is 0");
  const count = Math.max(0, Math.floor((end - start) / step) + 1);
  if (count > mostArrayItems) throw new Error(`the range has over ${mostArrayItems} items`);
  return Array.from({ length: count }, (_, at) => start + at * step);
}

function arrayGetItem([list, index]: readonly Json[]): Json {
  const at = integer(index);
  const item = array(list)[at];
  if (item === undefined) throw new Error(`the array has no item ${at}`);
  return item;
}

function arrayUnique([list]: readonly Json[]): Json {
  const items = array(list);
  return items.filter((item, index) => items.findIndex((held) => jsonEquals(held, item)) === index);
}

const algorithms: Readonly<Record<string, string>> = {
  MD5: "md5",
  "SHA-1": "sha1",
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
};

function hash([value, name]: readonly Json[]): Json {
  const algorithm = algorithms[text(name)];
  if (!algorithm) throw new Error(`the algorithm is none of ${Object.keys(algorithms).join(", ")}`);
  const data = typeof value === "string" ? value : JSON.stringify(given(value));
  if (data.length > mostTextLength) throw new Error(`the data is over ${mostTextLength} characters`);
  return createHash(algorithm).update(data).digest("hex");
}

function jsonMerge([first, second, deep]: readonly Json[]): Json {
  if (deep !== false) throw new Error("only a shallow merge is known: the third argument is not false");
  if (!isObject(first) || !isObject(second)) throw new Error("the argument is not an object");
  return Object.fromEntries([...Object.entries(first), ...Object.entries(second)]);
}

function stringSplit([value, separators]: readonly Json[]): Json {
  const chars = new Set(text(separators));
  const parts: string[] = [""];
  for (const char of text(value)) {
    if (chars.has(char)) parts.push("");
    else parts.push((parts.pop() ?? "") + char);
  }
  return parts.filter((part) => part !== "");
}

function mathRandom([from, to, seed]: readonly Json[]): Json {
  const [start, end] = [integer(from), integer(to)];
  if (start >= end) throw new Error("the start is not below the end");
  const random = seed === undefined ? Math.random : seededRandom(integer(seed));
  return start + Math.floor(random() * (end - start));
}

function mathAdd([left, right]: readonly Json[]): Json {
  const sum = integer(left) + integer(right);
  if (!Number.isSafeInteger(sum)) throw new Error("the sum is out of range");
  return sum;
}

function uuid(args: readonly Json[]): Json {
  if (args.length > 0) throw new Error("the function takes no argument");
  return randomUUID();
}

function format([template, ...values]: readonly Json[]): Json {
  let used = 0;
  const filled = text(template).replace(/\\([\\'{}])|\{\}/g, (_match, escaped?: string) => {
    if (escaped !== undefined) return escaped;
    used += 1;
    return formatted(values[used - 1]);
  });
  if (used !== values.length) throw new Error(`the template has ${used} places for ${values.length} values`);
  if (Buffer.byteLength(filled) > dataLimitBytes) throw new Error("the text is over 256 KiB");
  return filled;
}

function formatted(value: Json | undefined): string {
  const held = given(value);
  if (typeof held === "object" && held !== null) return JSON.stringify(held);
  return String(held);
}
