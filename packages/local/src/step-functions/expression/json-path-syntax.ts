/** One step of a path. */
export type Segment =
  | { readonly kind: "names"; readonly names: readonly string[] }
  | { readonly kind: "indexes"; readonly indexes: readonly number[] }
  | { readonly kind: "slice"; readonly from: number | undefined; readonly to: number | undefined }
  | { readonly kind: "all" }
  | { readonly kind: "descend" };

/** A parsed path: what it starts from, and its steps. */
export interface JsonPath {
  readonly text: string;
  /** `$` is the data at hand, `$$` the context object, `$name` a variable. */
  readonly root:
    | { readonly kind: "data" }
    | { readonly kind: "context" }
    | { readonly kind: "variable"; readonly name: string };
  readonly segments: readonly Segment[];
  /** A definite path names one value; any other yields a list. */
  readonly isDefinite: boolean;
}

/** Says why a text is no path that is understood here. */
export class PathSyntaxError extends Error {
  override readonly name = "PathSyntaxError";
}

const rootPattern = /^\$(\$|[A-Za-z_][A-Za-z0-9_]*)?/;
const namePattern = /^[^\s.[\]()'"?@,*:$]+/;
const indexesPattern = /^-?\d+(\s*,\s*-?\d+)*$/;
const slicePattern = /^(-?\d+)?\s*:\s*(-?\d+)?$/;
const quotedPattern = /^\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*(,|$)/;

const cache = new Map<string, JsonPath>();
const cacheSize = 1_000;

/**
 * Parses a JSONPath. Filters (`[?()]`), scripts, steps in slices and functions are refused by name.
 *
 * @throws {PathSyntaxError}
 */
export function parsePath(text: string): JsonPath {
  const cached = cache.get(text);
  if (cached) return cached;
  const path = parse(text);
  if (cache.size >= cacheSize) cache.clear();
  cache.set(text, path);
  return path;
}

function parse(text: string): JsonPath {
  const root = rootPattern.exec(text);
  if (!root) throw new PathSyntaxError(`path "${text}" does not start with "$"`);
  const segments: Segment[] = [];
  let rest = text.slice(root[0].length);
  while (rest !== "") {
    const [segment, after] = readSegment(rest, text);
    segments.push(segment);
    rest = after;
  }
  if (segments.at(-1)?.kind === "descend") throw new PathSyntaxError(`path "${text}" ends in ".."`);
  return { text, root: rootOf(root[1]), segments, isDefinite: segments.every(isSingle) };
}

function rootOf(name: string | undefined): JsonPath["root"] {
  if (name === undefined) return { kind: "data" };
  return name === "$" ? { kind: "context" } : { kind: "variable", name };
}

function isSingle(segment: Segment): boolean {
  if (segment.kind === "names") return segment.names.length === 1;
  return segment.kind === "indexes" && segment.indexes.length === 1;
}

function readSegment(rest: string, text: string): [Segment, string] {
  if (rest.startsWith("..")) return [{ kind: "descend" }, rest[2] === "[" ? rest.slice(2) : rest.slice(1)];
  if (rest.startsWith(".*")) return [{ kind: "all" }, rest.slice(2)];
  if (rest.startsWith("[")) return readBrackets(rest, text);
  const name = rest.startsWith(".") ? namePattern.exec(rest.slice(1)) : null;
  if (!name) throw new PathSyntaxError(`path "${text}" cannot be read from "${rest}" on`);
  const after = rest.slice(1 + name[0].length);
  if (after.startsWith("(")) throw new PathSyntaxError(`path function "${name[0]}()" is not supported here`);
  return [{ kind: "names", names: [name[0]] }, after];
}

function readBrackets(rest: string, text: string): [Segment, string] {
  if (rest.startsWith("[?")) throw new PathSyntaxError(`filter in path "${text}" is not supported here`);
  if (rest.startsWith("[(")) throw new PathSyntaxError(`script in path "${text}" is not supported here`);
  const end = closingBracket(rest);
  if (end < 0) throw new PathSyntaxError(`path "${text}" lacks a "]"`);
  return [readSelector(rest.slice(1, end).trim(), text), rest.slice(end + 1)];
}

function closingBracket(rest: string): number {
  let quote = "";
  for (let at = 1; at < rest.length; at += 1) {
    const char = rest[at];
    if (quote !== "" && char === "\\") at += 1;
    else if (char === quote) quote = "";
    else if (quote === "" && (char === "'" || char === '"')) quote = char;
    else if (quote === "" && char === "]") return at;
  }
  return -1;
}

function readSelector(inner: string, text: string): Segment {
  if (inner === "*") return { kind: "all" };
  if (indexesPattern.test(inner)) return { kind: "indexes", indexes: inner.split(",").map(Number) };
  const slice = slicePattern.exec(inner);
  if (slice) return { kind: "slice", from: optionalNumber(slice[1]), to: optionalNumber(slice[2]) };
  return { kind: "names", names: readNames(inner, text) };
}

function optionalNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function readNames(inner: string, text: string): string[] {
  const names: string[] = [];
  let rest = inner;
  while (rest !== "") {
    const quoted = quotedPattern.exec(rest);
    if (!quoted) throw new PathSyntaxError(`"[${inner}]" in path "${text}" is not supported here`);
    names.push((quoted[1] ?? quoted[2] ?? "").replace(/\\(.)/g, "$1"));
    rest = rest.slice(quoted[0].length);
  }
  if (names.length === 0) throw new PathSyntaxError(`"[]" in path "${text}" names nothing`);
  return names;
}
