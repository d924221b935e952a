import type { Actor } from "../entry/entry.ts";
import { RefusedError } from "../error/errors.ts";

/** Claims as they came, verified or from introspection, of unknown types. */
export type Claims = Readonly<Record<string, unknown>>;

const maxIdentifier = 1024;
const maxIssuer = 2048;
const maxActors = 16;
const maxScopes = 128;
const maxRecordedText = 512;
const maxRecordedItems = 32;
/** RFC 6749 §3.3 `scope-token`, at the length the ledger keeps. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses.
const controlCharacter = /[\u0000-\u001f\u007f]/;

/** @throws {RefusedError} `token.claim_invalid`. */
export function claimInvalid(name: string, fact: string): RefusedError {
  return new RefusedError("token.claim_invalid", `"${name}" ${fact}`, { field: name });
}

/** A value for a message: short, and only where it is a string. */
export function quoted(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "string" && value.length <= 200 ? JSON.stringify(value) : "another value";
}

/**
 * A name of a subject, client or issuer: not empty, bounded, well-formed, without control characters, so
 * that two of them never look or store the same.
 *
 * @throws {RefusedError} `token.claim_invalid`.
 */
export function readIdentifier(value: unknown, name: string, max = maxIdentifier): string {
  if (typeof value !== "string" || value === "") throw claimInvalid(name, "is not a non-empty string");
  if (value.length > max) throw claimInvalid(name, `has more than ${max} characters`);
  if (!value.isWellFormed() || controlCharacter.test(value)) {
    throw claimInvalid(name, "has a control character or a lone surrogate");
  }
  return value;
}

/** A NumericDate in whole seconds (RFC 7519 §2). @throws {RefusedError} `token.claim_invalid`. */
export function readSeconds(value: unknown, name: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw claimInvalid(name, "is not a whole number of seconds");
  }
  return value;
}

/** Scopes without repeats; none when the claim is absent (RFC 6749 §3.3). @throws {RefusedError} `token.claim_invalid`. */
export function readScopes(value: unknown): string[] {
  if (value === undefined || value === "") return [];
  if (typeof value !== "string") throw claimInvalid("scope", "is not a string");
  const scopes = value.split(" ");
  if (!scopes.every((scope) => scopeToken.test(scope))) {
    throw claimInvalid("scope", "is not a list of scope tokens with single spaces between");
  }
  const distinct = [...new Set(scopes)];
  if (distinct.length > maxScopes) throw claimInvalid("scope", `has more than ${maxScopes} scopes`);
  return distinct;
}

/** The `act` chain, outermost first (RFC 8693 §4.1). @throws {RefusedError} `token.claim_invalid`. */
export function readActors(act: unknown): Actor[] {
  const actors: Actor[] = [];
  for (let link = act; link !== undefined; ) {
    if (link === null || typeof link !== "object" || Array.isArray(link)) {
      throw claimInvalid("act", "is not an object");
    }
    if (actors.length === maxActors) throw claimInvalid("act", `is more than ${maxActors} actors deep`);
    const { iss, sub, act: next } = link as Record<string, unknown>;
    actors.push({
      ...(iss !== undefined && { iss: readIdentifier(iss, "act.iss", maxIssuer) }),
      sub: readIdentifier(sub, "act.sub"),
    });
    link = next;
  }
  return actors;
}

/** Refuses unless the token is for `expected` and for nobody else. @throws {RefusedError} `token.audience_mismatch`. */
export function checkAudience(aud: unknown, expected: string): void {
  const single = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  if (single === expected) return;
  throw new RefusedError("token.audience_mismatch", `"aud" is ${quoted(single)}, expected "${expected}"`, {
    field: "aud",
  });
}

/** Refuses a token bound to a key, since no proof is taken here (RFC 7800 §3). @throws {RefusedError} `token.sender_constrained`. */
export function refuseBoundToken({ cnf }: Claims): void {
  if (cnf === undefined) return;
  throw new RefusedError("token.sender_constrained", '"cnf" binds the token to a key', { field: "cnf" });
}

/** Refuses what only an ID token carries (OpenID Connect Core §2, §3.3.2.11). @throws {RefusedError} `token.type_mismatch`. */
export function refuseIdToken(claims: Claims): void {
  const mark = ["nonce", "at_hash", "c_hash"].find((name) => Object.hasOwn(claims, name));
  if (mark === undefined) return;
  throw new RefusedError("token.type_mismatch", `"${mark}" marks an ID token`, { field: mark });
}

/** The claims on an allow-list that an entry can keep; all else is left out. */
export function recordedClaims(
  claims: Claims,
  names: readonly string[],
): Record<string, string | number | boolean | string[]> {
  const kept = names.flatMap((name) => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    return isRecordable(value) ? [[name, value] as const] : [];
  });
  return Object.fromEntries(kept);
}

/** The claims marked personal that are strings. */
export function personalClaims(claims: Claims, names: readonly string[]): Record<string, string> {
  const kept = names.flatMap((name) => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    return isShortText(value) ? [[name, value] as const] : [];
  });
  return Object.fromEntries(kept);
}

function isRecordable(value: unknown): value is string | number | boolean | string[] {
  if (Array.isArray(value)) return value.length <= maxRecordedItems && value.every(isShortText);
  return isShortText(value) || typeof value === "boolean" || Number.isSafeInteger(value);
}

function isShortText(value: unknown): value is string {
  return typeof value === "string" && value.length <= maxRecordedText && value.isWellFormed();
}
