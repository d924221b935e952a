/** Where a token-shaped string was found, and what kind: never the string itself. */
export interface TokenShape {
  readonly path: string;
  readonly kind: "jwt" | "bearer" | "prefixed_secret" | "pem_private_key" | "credential_field";
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

/** Bounds the work on hostile input: depth of nesting and number of findings. */
const maxDepth = 64;
const maxFindings = 20;

/**
 * Finds strings shaped like tokens or secrets in a JSON value, by value and by field name, also inside
 * strings that are JSON themselves.
 */
export function findTokenShapes(value: unknown): TokenShape[] {
  const found: TokenShape[] = [];
  visit(value, "$", 0, found);
  return found;
}

function visit(value: unknown, path: string, depth: number, found: TokenShape[]): void {
  if (found.length >= maxFindings || depth > maxDepth) return;
  if (typeof value === "string") {
    visitString(value, path, depth, found);
    return;
  }
  if (value === null || typeof value !== "object") return;
  for (const [name, member] of Object.entries(value)) {
    const at = Array.isArray(value) ? `${path}[${name}]` : `${path}.${pathName(name)}`;
    const keyShape = shapeOf(name);
    if (keyShape) found.push({ path: `${path}.<name>`, kind: keyShape });
    if (
      typeof member === "string" &&
      credentialField.test(name) &&
      credentialValue.test(member) &&
      !shapeOf(member)
    ) {
      found.push({ path: at, kind: "credential_field" });
    } else {
      visit(member, at, depth + 1, found);
    }
  }
}

function visitString(value: string, path: string, depth: number, found: TokenShape[]): void {
  const embedded = parseEmbedded(value);
  if (embedded !== undefined) {
    visit(embedded, `${path}<json>`, depth + 1, found);
    return;
  }
  const kind = shapeOf(value);
  if (kind) found.push({ path, kind });
}

function shapeOf(value: string): TokenShape["kind"] | undefined {
  return shapes.find(([, pattern]) => pattern.test(value))?.[0];
}

/** A field name in a path; one that is itself token-shaped or odd is not repeated. */
function pathName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(name) && !shapeOf(name) ? name : "<name>";
}

function parseEmbedded(value: string): unknown {
  const first = value.trimStart()[0];
  if (first !== "{" && first !== "[") return undefined;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
