export const tokenShapeKinds = [
  "jwt",
  "bearer",
  "prefixed_secret",
  "pem_private_key",
  "credential_field",
] as const;

/** Where a token-shaped string was found, and what kind: never the string itself. */
export interface TokenShape {
  readonly path: string;
  readonly kind: (typeof tokenShapeKinds)[number];
}

const shapes: readonly (readonly [TokenShape["kind"], RegExp])[] = [
  // A JWS or JWE in compact form: its header is base64url of a JSON object, hence the "eyJ".
  ["jwt", /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*/],
  ["bearer", /\b(?:Bearer|DPoP|Basic)\s+[A-Za-z0-9._~+/=-]{16,}/i],
  ["pem_private_key", /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/],
  [
    "prefixed_secret",
    /(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{40,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|sk_live_[A-Za-z0-9]{16,}|glpat-[A-Za-z0-9_-]{20,}|AKIA[0-9A-Z]{16}|ya29\.[A-Za-z0-9_-]{20,})/,
  ],
];

const credentialField =
  /^(?:access|refresh|id|subject|actor|bearer|auth)?[_-]?token$|^(?:client[_-]?)?secret$|^authorization$|^password$|^api[_-]?key$|^private[_-]?key$|^client[_-]?assertion$/i;
/** A credential field counts only with a value a credential could have: no spaces, and not short. */
const credentialValue = /^[\x21-\x7e]{16,}$/;

/** Bounds what hostile input can make of the findings; the work itself grows with its size alone. */
const maxFindings = 20;
const maxPathLength = 256;

interface Place {
  readonly value: unknown;
  readonly path: string;
}

/**
 * Finds strings shaped like tokens or secrets in a JSON value, by value and by field name, at any depth and
 * inside strings that are JSON themselves.
 */
export function findTokenShapes(value: unknown): TokenShape[] {
  const found: TokenShape[] = [];
  const places: Place[] = [{ value, path: "$" }];
  // A stack of our own: nesting that a caller chooses must not exhaust that of the process.
  for (let place = places.pop(); place && found.length < maxFindings; place = places.pop()) {
    if (typeof place.value === "string") found.push(...shapesInString(place.value, place.path));
    else if (typeof place.value === "object" && place.value !== null)
      visit(place.value, place.path, found, places);
  }
  return found.slice(0, maxFindings);
}

/** Adds what the members' names tell, and leaves the members to be looked at, the first one on top. */
function visit(value: object, path: string, found: TokenShape[], places: Place[]): void {
  const members = Array.isArray(value) ? itemsOf(value, path) : membersOf(value, path, found);
  // One by one: as arguments of one call, the members of a long array would exhaust the stack.
  for (const member of members.reverse()) places.push(member);
}

function itemsOf(list: readonly unknown[], path: string): Place[] {
  return Array.from(list, (value, index) => ({ value, path: joined(path, `[${index}]`) }));
}

function membersOf(value: object, path: string, found: TokenShape[]): Place[] {
  const members: Place[] = [];
  for (const [name, member] of Object.entries(value)) {
    const at = joined(path, `.${pathName(name)}`);
    const keyShape = shapeOf(name);
    if (keyShape) found.push({ path: joined(path, ".<name>"), kind: keyShape });
    if (isCredential(name, member)) found.push({ path: at, kind: "credential_field" });
    else members.push({ value: member, path: at });
  }
  return members;
}

function isCredential(name: string, member: unknown): boolean {
  return (
    typeof member === "string" &&
    credentialField.test(name) &&
    credentialValue.test(member) &&
    !shapeOf(member)
  );
}

function shapesInString(value: string, path: string): TokenShape[] {
  const embedded = parseEmbedded(value);
  const inside = embedded === undefined ? [] : findTokenShapes(embedded);
  if (inside.length > 0)
    return inside.map((shape) => ({ ...shape, path: joined(path, `<json>${shape.path.slice(1)}`) }));
  // Also where it parsed: the last of two members of one name hides the first.
  const kind = shapeOf(value);
  return kind ? [{ path, kind }] : [];
}

function shapeOf(value: string): TokenShape["kind"] | undefined {
  return shapes.find(([, pattern]) => pattern.test(value))?.[0];
}

function joined(path: string, step: string): string {
  if (path.endsWith("…")) return path;
  return path.length + step.length > maxPathLength ? `${path}…` : path + step;
}

/** A field name in a path; one that is itself token-shaped or odd is not repeated. */
function pathName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(name) && !shapeOf(name) ? name : "<name>";
}

function parseEmbedded(value: string): unknown {
  const first = value.trimStart()[0];
  if (first !== "{" && first !== "[" && first !== '"') return undefined;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
