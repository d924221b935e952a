import { RefusedError } from "../error/errors.ts";
import type { TokenProfile } from "./profiles.ts";
import { readStrictObject, type StrictJson } from "./strict-json.ts";

/** A bearer token after the first look; nothing in it is to be believed yet. */
export type PresentedToken =
  | { readonly kind: "opaque" }
  | {
      readonly kind: "jwt";
      readonly alg: string;
      readonly kid: string;
      readonly unverifiedPayload: Readonly<Record<string, unknown>>;
      /** The bytes under the signature: header and payload as they were sent (RFC 7515 §5.1). */
      readonly signingInput: string;
    };

/** What may stand in the header of one issuer's tokens. */
export interface HeaderRules {
  /** Signature algorithms; `none` and HMAC are refused even when listed. */
  readonly algorithms: readonly string[];
  readonly profile: Pick<TokenProfile, "types" | "ignoredHeader" | "keyId">;
}

/**
 * The rules for a token whose claims are not to be believed yet, by the issuer it names.
 *
 * @throws {RefusedError} `token.issuer_unknown`.
 */
export type FindHeaderRules = (unverifiedPayload: Readonly<Record<string, unknown>>) => HeaderRules;

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const base64urlText = /^[A-Za-z0-9_-]+$/;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const maxTokenBytes = 8192;
const maxDepth = 8;
/** RFC 6750 §2.1 `b64token`. */
const bearerSyntax = /^[A-Za-z0-9._~+/-]+=*$/;
const mediaTypePrefix = /^application\//;
const unsafeAlgorithm = /^(?:none|hs)/i;
const headerMembers: ReadonlySet<string> = new Set(["alg", "typ", "kid"]);
/** Header parameters that carry keys, point to them or change processing (RFC 7515 §4.1, RFC 7516, RFC 7797). */
const namedMembers: ReadonlySet<string> = new Set([
  "jwk",
  "jku",
  "x5u",
  "x5c",
  "x5t",
  "x5t#S256",
  "crit",
  "b64",
  "zip",
  "enc",
  "cty",
]);

/**
 * Looks at an untrusted bearer token before any cryptography: its size and characters, and for a JWT its
 * three segments, the shape of its payload, and its header by the rules for the issuer it names (RFC 8725
 * §3, RFC 9068 §4).
 *
 * A token is a JWT when its first segment holds a JSON object, however badly encoded; all else is opaque.
 *
 * @throws {RefusedError} `token.too_large`, `token.malformed`, `token.header_refused`, `token.type_mismatch`,
 * `token.issuer_unknown`.
 */
export function preflightToken(raw: string, findRules: FindHeaderRules): PresentedToken {
  if (Buffer.byteLength(raw) > maxTokenBytes) {
    throw new RefusedError("token.too_large", `the token has more than ${maxTokenBytes} bytes`);
  }
  if (!bearerSyntax.test(raw)) {
    throw malformed("the token has a character outside the bearer token alphabet (RFC 6750 §2.1)");
  }
  const segments = raw.split(".");
  const [header = "", payload = "", signature = ""] = segments;
  if (segments.length === 1) return { kind: "opaque" };
  const known = headers.get(header);
  if (!known && !looksLikeHeader(header)) return { kind: "opaque" };
  if (segments.length !== 3) throw malformed(`the token has ${segments.length} segments, expected 3`);
  const decodedHeader = known ?? remember(header, decodeObject(header, "header"));
  const unverifiedPayload = decodeObject(payload, "payload");
  const { alg, kid } = checkHeader(decodedHeader, findRules(unverifiedPayload));
  checkSegment(signature, "signature");
  return { kind: "jwt", alg, kid, unverifiedPayload, signingInput: `${header}.${payload}` };
}

/** Headers that were read strictly before, by their segment: an issuer's tokens share theirs. */
const headers = new Map<string, Readonly<Record<string, unknown>>>();
const maxHeaders = 64;

function remember(segment: string, header: Readonly<Record<string, unknown>>) {
  // Whoever fills it with made-up headers costs the others a second reading, and no more.
  if (headers.size >= maxHeaders) headers.clear();
  headers.set(segment, header);
  return header;
}

/** Decodes leniently: a badly encoded JWT must be refused as one, not be sent on as an opaque token. */
function looksLikeHeader(segment: string): boolean {
  const decoded = Buffer.from(segment, "base64url").toString();
  if (!decoded.trimStart().startsWith("{")) return false;
  try {
    JSON.parse(decoded);
    return true;
  } catch {
    return false;
  }
}

function checkHeader(
  header: Readonly<Record<string, unknown>>,
  { algorithms, profile }: HeaderRules,
): { alg: string; kid: string } {
  const { alg, typ, kid } = header;
  for (const name of Object.keys(header)) {
    if (!headerMembers.has(name) && !profile.ignoredHeader.includes(name)) throw refusedMember(name);
  }
  if (typeof alg !== "string" || unsafeAlgorithm.test(alg) || !algorithms.includes(alg)) {
    throw headerRefused("alg", `"alg" is not one of ${algorithms.join(", ")}`);
  }
  if (typeof kid !== "string" || !profile.keyId.test(kid)) {
    throw headerRefused("kid", '"kid" is not a key id of 1 to 128 letters, digits or . _ ~ : = + -');
  }
  checkType(typ, profile.types);
  return { alg, kid };
}

/** Media types have no case, and may leave "application/" out (RFC 7515 §4.1.9). */
function checkType(typ: unknown, types: HeaderRules["profile"]["types"]): void {
  const type = typeof typ === "string" ? typ.toLowerCase().replace(mediaTypePrefix, "") : typ;
  if (types.some((one) => one === type)) return;
  const expected = types.map((one) => one ?? "none").join(" or ");
  throw new RefusedError("token.type_mismatch", `"typ" is not ${expected}`, { field: "typ" });
}

/** Names only what is known: an unknown name is the caller's text. */
function refusedMember(name: string): RefusedError {
  const named = namedMembers.has(name) ? `"${name}" is in the header` : "the header has an unknown member";
  return headerRefused(namedMembers.has(name) ? name : "header", `${named}, expected only alg, typ and kid`);
}

function decodeObject(segment: string, part: "header" | "payload"): Readonly<Record<string, unknown>> {
  checkSegment(segment, part);
  const text = decodeText(Buffer.from(segment, "base64url"), part);
  const read = readStrictObject(text, maxDepth);
  if ("fault" in read) throw malformed(`the ${part} ${faultText(read.fault)}`, part);
  return read.object;
}

/** Exactly one text stands for given bytes: no padding, no stray bits at the end (RFC 7515 §2, RFC 4648 §3.5). */
function checkSegment(segment: string, part: string): void {
  const bitsOver = (segment.length % 4) * 6 - 8 * Math.floor(((segment.length % 4) * 6) / 8);
  const last = base64url.indexOf(segment.at(-1) ?? "");
  const isCanonical = segment.length % 4 !== 1 && (last & ((1 << bitsOver) - 1)) === 0;
  if (isCanonical && base64urlText.test(segment)) return;
  throw malformed(`the ${part} is not canonical base64url without padding`, part);
}

function decodeText(bytes: Buffer, part: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed(`the ${part} is not UTF-8`, part);
  }
}

function faultText(fault: Extract<StrictJson, { fault: string }>["fault"]): string {
  switch (fault) {
    case "not_json_object":
      return "is not a JSON object";
    case "duplicate_member":
      return "has a member name twice";
    case "forbidden_member":
      return 'has a member named "__proto__"';
    case "too_deep":
      return `is nested deeper than ${maxDepth} levels`;
  }
}

function malformed(detail: string, field?: string): RefusedError {
  return new RefusedError("token.malformed", detail, field === undefined ? {} : { field });
}

function headerRefused(field: string, detail: string): RefusedError {
  return new RefusedError("token.header_refused", detail, { field });
}
