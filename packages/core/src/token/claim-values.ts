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

/**
 * Scopes without repeats; none when the claim is absent (RFC 6749 §3.3).
 *
 * @throws {RefusedError} `token.claim_invalid`.
 */
export function readScopes(value: unknown, name = "scope"): string[] {
  if (value === undefined || value === "") return [];
  if (typeof value !== "string") throw claimInvalid(name, "is not a string");
  return checkScopes(value.split(" "), name, "is not a list of scope tokens with single spaces between");
}

/** Scopes of a claim that lists them as JSON does, without repeats. @throws {RefusedError} `token.claim_invalid`. */
export function readScopeList(value: unknown, name: string): string[] {
  if (!Array.isArray(value)) throw claimInvalid(name, "is not a list");
  return checkScopes(value, name, "is not a list of scope tokens");
}

function checkScopes(scopes: readonly unknown[], name: string, fault: string): string[] {
  if (!scopes.every((scope) => typeof scope === "string" && scopeToken.test(scope)))
    throw claimInvalid(name, fault);
  const distinct = [...new Set(scopes as string[])];
  if (distinct.length > maxScopes) throw claimInvalid(name, `has more than ${maxScopes} scopes`);
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

/**
 * Refuses unless the token is for `expected`, and beside it at most for the companions.
 *
 * @throws {RefusedError} `token.audience_mismatch`.
 */
export function checkAudience(aud: unknown, expected: string, companions: readonly string[] = []): void {
  const single = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  if (single === expected || isAccompanied(aud, expected, companions)) return;
  throw new RefusedError("token.audience_mismatch", `"aud" is ${quoted(single)}, expected "${expected}"`, {
    field: "aud",
  });
}

/** Each of them once. */
function isAccompanied(aud: unknown, expected: string, companions: readonly string[]): boolean {
  if (!Array.isArray(aud) || new Set(aud).size !== aud.length || !aud.includes(expected)) return false;
  return aud.every((one) => one === expected || companions.includes(one));
}

/** Refuses a token that names an audience where its kind names none. @throws {RefusedError} `token.audience_mismatch`. */
export function refuseAudience({ aud }: Claims): void {
  if (aud === undefined) return;
  throw new RefusedError("token.audience_mismatch", `"aud" is ${quoted(aud)}, expected none`, {
    field: "aud",
  });
}

/** Refuses the tokens of other clients. @throws {RefusedError} `token.audience_mismatch`. */
export function checkClient(clientId: string, name: string, allowed: readonly string[]): void {
  if (allowed.includes(clientId)) return;
  throw new RefusedError(
    "token.audience_mismatch",
    `"${name}" is ${quoted(clientId)}, which "clients" lacks`,
    {
      field: name,
    },
  );
}

/** Refuses a token whose claim says that it is of another kind. @throws {RefusedError} `token.type_mismatch`. */
export function requireClaim(claims: Claims, name: string, expected: string): void {
  if (claims[name] === expected) return;
  throw typeMismatch(name, `is ${quoted(claims[name])}, expected "${expected}"`);
}

/** @throws {RefusedError} `token.type_mismatch`. */
export function typeMismatch(name: string, fact: string): RefusedError {
  return new RefusedError("token.type_mismatch", `"${name}" ${fact}`, { field: name });
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
  throw typeMismatch(mark, "marks an ID token");
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
