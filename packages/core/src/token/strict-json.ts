/** What a strict reading found: the object, or why the text is refused. */
export type StrictJson =
  | { readonly object: Readonly<Record<string, unknown>> }
  | { readonly fault: "not_json_object" | "duplicate_member" | "forbidden_member" | "too_deep" };

/**
 * Reads a JSON object and refuses what `JSON.parse` hides: a member name given twice, however it is
 * escaped, a member named `__proto__`, and nesting deeper than `maxDepth` (the object itself is depth 1).
 */
export function readStrictObject(text: string, maxDepth: number): StrictJson {
  const value = parse(text);
  if (value === null || typeof value !== "object" || Array.isArray(value))
    return { fault: "not_json_object" };
  const fault = findFault(text, maxDepth);
  return fault ? { fault } : { object: value as Record<string, unknown> };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A string, with the colon after it where it is a member name, or one structural character. */
const token = /("(?:[^"\\]|\\.)*")([ \t\n\r]*:)?|[{}[\]]/g;

/** Scans text already known to be valid JSON, so that a string before a colon can only be a member name. */
function findFault(text: string, maxDepth: number) {
  const open: Set<string>[] = [];
  token.lastIndex = 0;
  for (let found = token.exec(text); found; found = token.exec(text)) {
    const [match, string, colon] = found;
    if (match === "{" || match === "[") open.push(new Set());
    else if (match === "}" || match === "]") open.pop();
    if (open.length > maxDepth) return "too_deep";
    const fault = string && colon ? addName(open.at(-1), nameIn(string)) : undefined;
    if (fault) return fault;
  }
  return undefined;
}

/** The name a string stands for; only one with escapes has to be read for it. */
function nameIn(string: string): string {
  return string.includes("\\") ? (JSON.parse(string) as string) : string.slice(1, -1);
}

function addName(names: Set<string> | undefined, name: string) {
  if (name === "__proto__") return "forbidden_member";
  if (names?.has(name)) return "duplicate_member";
  names?.add(name);
  return undefined;
}
