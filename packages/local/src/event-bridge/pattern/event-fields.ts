import { isArray, isObject, type Json, type JsonObject, type Leaf } from "./json.ts";

/** Which element of each array of objects a field stands in, by the array's number. */
export type ArrayPositions = ReadonlyMap<number, number>;

/** One leaf of an event. */
export interface EventField {
  readonly value: Leaf;
  readonly positions: ArrayPositions;
}

/** The leaves of an event by their path, steps joined with dots. */
export type EventFields = ReadonlyMap<string, readonly EventField[]>;

/**
 * Flattens an event into its leaves; empty objects and arrays have none.
 *
 * As in EventBridge, `{"a.b": 1}` and `{"a": {"b": 1}}` are the same field.
 */
export function flattenEvent(event: JsonObject): EventFields {
  const fields = new Map<string, EventField[]>();
  let arrays = 0;

  function visit(path: string, value: Json, positions: ArrayPositions): void {
    if (isArray(value)) {
      visitElements(path, value, positions);
    } else if (isObject(value)) {
      visitMembers(path, value, positions);
    } else {
      const known = fields.get(path);
      if (known) known.push({ value, positions });
      else fields.set(path, [{ value, positions }]);
    }
  }

  function visitElements(path: string, elements: readonly Json[], positions: ArrayPositions): void {
    const array = arrays++;
    for (const [index, element] of elements.entries()) {
      // The place of a bare value binds no other field, so only objects remember theirs.
      visit(path, element, isObject(element) ? new Map([...positions, [array, index]]) : positions);
    }
  }

  function visitMembers(path: string, object: JsonObject, positions: ArrayPositions): void {
    for (const [key, member] of Object.entries(object))
      visit(path ? `${path}.${key}` : key, member, positions);
  }

  visit("", event, new Map());
  return fields;
}
