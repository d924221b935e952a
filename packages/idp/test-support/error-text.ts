import { inspect } from "node:util";
import { expect } from "vitest";

/**
 * All text a logger could find on an error: every property of it and of whatever hangs on it, hidden ones,
 * causes and responses included, whether printed, serialised or walked.
 */
export function textOf(error: unknown): string {
  const found: string[] = [inspect(error, { depth: null, showHidden: true, maxStringLength: null })];
  walk(error, found, new Set());
  return found.join("\n");
}

/** Asserts that none of the secrets, nor a form in which a request carries one, is anywhere on the error. */
export function expectNoSecret(error: unknown, secrets: readonly string[]): void {
  const text = textOf(error);
  for (const secret of secrets.flatMap(formsOf))
    expect(text.includes(secret), secret.slice(0, 12)).toBe(false);
}

/** What the promise is rejected with; a promise that is kept fails the test. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => expect.fail(`resolved with ${inspect(value)}`),
    (error: unknown) => error,
  );
}

function walk(value: unknown, found: string[], seen: Set<unknown>): void {
  if (typeof value === "string") found.push(value);
  if (value instanceof Uint8Array) found.push(Buffer.from(value).toString("latin1"));
  if (value === null || (typeof value !== "object" && typeof value !== "function") || seen.has(value)) return;
  seen.add(value);
  if (value instanceof Headers || value instanceof Map || value instanceof URLSearchParams) {
    for (const [name, one] of value) walk([name, one], found, seen);
  }
  for (const key of Reflect.ownKeys(value)) {
    found.push(String(key));
    walk(Reflect.get(value, key), found, seen);
  }
}

/** As it is, as a form field, and for a JWT each segment, of which the last is what makes it worth having. */
function formsOf(secret: string): string[] {
  const forms = [secret, encodeURIComponent(secret), new URLSearchParams({ secret }).toString().slice(7)];
  const segments = secret.split(".").filter((segment) => segment.length >= 16);
  return [...new Set([...forms, ...segments])].filter((form) => form !== "");
}
