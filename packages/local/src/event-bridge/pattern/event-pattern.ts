import { type ArrayPositions, type EventFields, flattenEvent } from "./event-fields.ts";
import { invalidPattern } from "./invalid-pattern.ts";
import { isArray, isObject, type Json, type JsonObject } from "./json.ts";
import { compileLeafTest, type LeafTest } from "./leaf-test.ts";

/** A compiled event pattern. */
export interface EventPattern {
  /** True when every field the pattern names is matched, those in one array by the same element. */
  readonly matches: (event: JsonObject) => boolean;
}

type Clause = FieldClause | { readonly anyOf: readonly (readonly Clause[])[] };

interface FieldClause {
  readonly path: string;
  readonly tests: readonly LeafTest[];
}

/**
 * Compiles an event pattern.
 *
 * Source: EventBridge user guide, "Event patterns"; semantics of aws/event-ruler.
 *
 * @throws {AwsError} InvalidEventPatternException naming what is wrong.
 */
export function compileEventPattern(text: string): EventPattern {
  const clauses = compileObject("", parsePattern(text), false);
  return { matches: (event) => satisfies(flattenEvent(event), clauses) };
}

function parsePattern(text: string): JsonObject {
  let pattern: Json;
  try {
    pattern = JSON.parse(text) as Json;
  } catch (error) {
    throw invalidPattern(error instanceof Error ? error.message : "not JSON");
  }
  if (!isObject(pattern)) throw invalidPattern("Filter is not an object");
  return pattern;
}

function compileObject(parent: string, object: JsonObject, insideOr: boolean): Clause[] {
  const members = Object.entries(object);
  if (members.length === 0) throw invalidPattern("Empty objects are not allowed");
  return members.flatMap(([key, member]) => compileMember(parent, key, member, insideOr));
}

const reservedInsideOr = new Set([
  ...["exactly", "prefix", "suffix", "equals-ignore-case", "wildcard"],
  ...["anything-but", "exists", "numeric", "cidr", "="],
]);

function compileMember(parent: string, key: string, member: Json, insideOr: boolean): Clause[] {
  if (key === "$or") return [{ anyOf: compileAlternatives(parent, member) }];
  if (insideOr && reservedInsideOr.has(key)) {
    throw invalidPattern(`${key} is Ruler reserved fieldName which cannot be used inside $or.`);
  }
  const path = parent ? `${parent}.${key}` : key;
  if (isObject(member)) return compileObject(path, member, insideOr);
  if (!isArray(member)) throw invalidPattern(`"${key}" must be an object or an array`);
  if (member.length === 0) throw invalidPattern("Empty arrays are not allowed");
  return [{ path, tests: member.map(compileLeafTest) }];
}

function compileAlternatives(parent: string, member: Json): Clause[][] {
  if (!isArray(member)) throw invalidPattern("It must be an Array followed with $or.");
  if (member.length < 2) throw invalidPattern("There must have at least 2 Objects in $or relationship.");
  return member.map((alternative) => {
    if (isObject(alternative)) return compileObject(parent, alternative, true);
    throw invalidPattern("Only JSON object is allowed in array of $or relationship.");
  });
}

const nowhere: ArrayPositions = new Map();

function satisfies(fields: EventFields, clauses: readonly Clause[]): boolean {
  // Without regard to array elements first: most events fail here, before any search.
  return clauses.every((clause) => canHold(fields, clause)) && holdTogether(fields, clauses, nowhere);
}

function canHold(fields: EventFields, clause: Clause): boolean {
  if ("anyOf" in clause) return clause.anyOf.some((clauses) => clauses.every((one) => canHold(fields, one)));
  return placesWhereFieldHolds(fields, clause).length > 0;
}

/** Searches for one element per array that satisfies all clauses at once. */
function holdTogether(fields: EventFields, clauses: readonly Clause[], chosen: ArrayPositions): boolean {
  const [clause, ...rest] = clauses;
  if (!clause) return true;
  if ("anyOf" in clause) {
    return clause.anyOf.some((alternative) => holdTogether(fields, [...alternative, ...rest], chosen));
  }
  return placesWhereFieldHolds(fields, clause).some((positions) => {
    const together = merge(chosen, positions);
    return together !== undefined && holdTogether(fields, rest, together);
  });
}

function placesWhereFieldHolds(fields: EventFields, { path, tests }: FieldClause): ArrayPositions[] {
  const found = fields.get(path);
  if (!found) return tests.includes("absent") ? [nowhere] : [];
  const places = found
    .filter(({ value }) => tests.some((test) => test !== "absent" && test(value)))
    .map(({ positions }) => positions);
  // Bare values of one array share their place: one of them is enough.
  return [...new Set(places)];
}

function merge(chosen: ArrayPositions, positions: ArrayPositions): ArrayPositions | undefined {
  for (const [array, index] of positions) {
    const taken = chosen.get(array);
    if (taken !== undefined && taken !== index) return undefined;
  }
  return positions.size === 0 ? chosen : new Map([...chosen, ...positions]);
}
