import { ApiError, type ApiErrorFields } from "@countersign/client/errors";

/** The API's fields that have another name as options, or are options to begin with. */
const optionOf: ReadonlyMap<string, string> = new Map([
  ["from", "--since"],
  ["to", "--until"],
  ["executionArn", "--execution"],
  ["clientId", "--client"],
  ["limit", "--limit"],
  ["action", "--action"],
]);

/** The API's refusal by the names of the options rather than of its fields; any other error as it is. */
export function byOptionNames(error: unknown): unknown {
  if (!(error instanceof ApiError) || error.field === undefined) return error;
  const field = optionOf.get(error.field);
  if (field === undefined) return error;
  const detail = error.detail.replaceAll(/"(\w+)"/g, (quoted, name: string) => optionOf.get(name) ?? quoted);
  return new ApiError(detail, { ...fieldsOf(error), field });
}

/** The most names that are proposed. */
const mostProposed = 5;

/**
 * A refused value among many as an error that proposes those nearest to it, not the list of all; any other
 * error as it is.
 */
export function proposingNearest(error: unknown, field: string, given: string | undefined): unknown {
  if (!(error instanceof ApiError) || error.field !== field || given === undefined) return error;
  const [, list] = error.detail.split("expected one of ");
  const known = Array.from(list?.matchAll(/"([^"]+)"/g) ?? [], ([, name = ""]) => name);
  if (known.length <= mostProposed) return error;
  const near = nearest(given, known);
  const proposal = near.length === 0 ? "" : `the nearest are ${near.join(", ")}; `;
  return new ApiError(`"${field}" is ${given}, which is none of the ${known.length} there are`, {
    ...fieldsOf(error),
    fix: `${proposal}see "countersign audit --help"`,
  });
}

function fieldsOf({ code, status, fix, field, requestId, retryAfterSeconds }: ApiError): ApiErrorFields {
  return {
    ...{ code, status, fix },
    ...(field !== undefined && { field }),
    ...(requestId !== undefined && { requestId }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
}

/** At most half of what was typed may be wrong: nothing else is near. */
function nearest(given: string, known: readonly string[]): string[] {
  const ranked = known.map((name) => ({ name, distance: distanceOf(given, name) }));
  return ranked
    .filter(({ distance }) => distance <= given.length / 2)
    .sort((one, other) => one.distance - other.distance)
    .slice(0, mostProposed)
    .map(({ name }) => name);
}

/** To whichever is nearest: the whole name, or one of the parts that a person may have left the rest off. */
function distanceOf(given: string, name: string): number {
  return Math.min(editDistance(given, name), ...name.split(".").map((part) => editDistance(given, part)));
}

/** Characters to put in, take out or change (Levenshtein). */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, character] of [...one].entries()) {
    const next = [index + 1];
    for (let at = 0; at < other.length; at += 1) {
      const changed = (row[at] ?? 0) + (character === other[at] ? 0 : 1);
      next.push(Math.min(changed, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
