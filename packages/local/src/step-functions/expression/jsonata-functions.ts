import { createHash, randomUUID } from "node:crypto";
import type jsonata from "jsonata";
import type { Json } from "../json.ts";
import { seededRandom } from "./seeded-random.ts";

/**
 * Gives an expression the functions Step Functions adds to JSONata, and takes away `$eval`.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
 */
export function registerFunctions(expression: jsonata.Expression): void {
  expression.registerFunction("partition", partition, "<an:a<a>>");
  expression.registerFunction("range", range, "<nnn:a<n>>");
  expression.registerFunction("hash", hash, "<ss?:s>");
  expression.registerFunction("random", random, "<n?:n>");
  expression.registerFunction("uuid", () => randomUUID(), "<:s>");
  expression.registerFunction("parse", (text: string) => JSON.parse(text) as Json, "<s:x>");
  expression.registerFunction("eval", () => {
    throw new Error("function $eval does not exist in Step Functions");
  });
}

function partition(list: readonly Json[], size: number): Json[] {
  const step = Math.floor(size);
  if (step < 1) throw new Error("chunk size of $partition is not positive");
  return Array.from({ length: Math.ceil(list.length / step) }, (_, at) =>
    list.slice(at * step, (at + 1) * step),
  );
}

function range(first: number, last: number, step: number): number[] {
  if (step === 0) throw new Error("step of $range is 0");
  const count = Math.max(0, Math.floor((last - first) / step) + 1);
  if (count > 1_000) throw new Error("$range has over 1000 items");
  return Array.from({ length: count }, (_, at) => first + at * step);
}

const algorithms: Readonly<Record<string, string>> = {
  MD5: "md5",
  "SHA-1": "sha1",
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
};

function hash(text: string, name = "SHA-256"): string {
  const algorithm = algorithms[name];
  if (!algorithm) throw new Error(`algorithm of $hash is none of ${Object.keys(algorithms).join(", ")}`);
  return createHash(algorithm).update(text).digest("hex");
}

function random(seed?: number): number {
  return seed === undefined ? Math.random() : seededRandom(seed)();
}
