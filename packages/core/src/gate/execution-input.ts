import { createHash } from "node:crypto";
import { InvalidInputError } from "../error/errors.ts";
import type { Grant } from "../execution/execution-state.ts";
import { findTokenShapes } from "../token/token-shape.ts";

/** The most bytes Step Functions takes as input. */
export const maxInputBytes = 262_144;

/** The deepest nesting taken: far from where writing it again would exhaust the stack. */
export const maxInputDepth = 500;

/**
 * Checks the input a caller gives for an execution.
 *
 * Its size comes first: what is larger than Step Functions takes is not looked into.
 *
 * @throws {InvalidInputError} when it is no object, is too large, is nested too deep, holds a token, or uses the
 * name the gate writes.
 */
export function checkInput(input: unknown): Record<string, unknown> {
  if (input === undefined) return {};
  if (input === null || typeof input !== "object" || Array.isArray(input)) {
    throw new InvalidInputError("request.malformed", '"input" is not a JSON object', { field: "input" });
  }
  if (Object.hasOwn(input, "countersign")) {
    throw new InvalidInputError("request.input_reserved", '"input.countersign" is written by the gate', {
      field: "input.countersign",
    });
  }
  if (isLargerThan(maxInputBytes, input)) throw tooLarge("is larger");
  const [shape] = findTokenShapes(input);
  if (shape) {
    const field = `input${shape.path.slice(1)}`;
    throw new InvalidInputError(
      "request.input_holds_token",
      `"${field}" looks like a ${shape.kind.replaceAll("_", " ")}`,
      { field },
    );
  }
  if (isDeeperThan(maxInputDepth, input)) {
    throw new InvalidInputError(
      "request.malformed",
      `"input" is nested deeper than ${maxInputDepth} levels, expected at most that`,
      { field: "input" },
    );
  }
  return input as Record<string, unknown>;
}

/** Whether a value has more bytes of JSON than that; counted without writing it, for it may be nested too deep. */
function isLargerThan(limit: number, value: object): boolean {
  let bytes = 0;
  const places: unknown[] = [value];
  while (places.length > 0 && bytes <= limit) {
    const place = places.pop();
    if (typeof place !== "object" || place === null) {
      bytes += jsonBytes(place);
      continue;
    }
    const isList = Array.isArray(place);
    const names = Object.keys(place);
    // Brackets, and a comma between members.
    bytes += 2 + Math.max(0, names.length - 1);
    for (let at = 0; at < names.length && bytes <= limit; at += 1) {
      const name = names[at] ?? "";
      if (!isList) bytes += jsonBytes(name) + 1;
      places.push((place as Readonly<Record<string, unknown>>)[name]);
    }
  }
  return bytes > limit;
}

const jsonBytes = (scalar: unknown): number => Buffer.byteLength(JSON.stringify(scalar) ?? "");

function isDeeperThan(limit: number, value: object): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= limit && level.length > 0; depth += 1) {
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
  }
  return level.length > 0;
}

/**
 * The input Step Functions is given: the caller's, and who it is for. It depends on nothing but the
 * request and the grant, so a retry writes the same bytes. Never a token.
 */
export function executionInput(input: Record<string, unknown>, workflow: string, grant: Grant): string {
  const countersign = {
    grantId: grant.grantId,
    workflow,
    subject: grant.subject,
    ...(grant.actors.length > 0 && { actors: grant.actors }),
    clientId: grant.clientId,
    scopes: grant.scopes,
    ...(grant.role !== undefined && { role: grant.role }),
  };
  const json = JSON.stringify({ ...input, countersign });
  const bytes = Buffer.byteLength(json);
  if (bytes > maxInputBytes) throw tooLarge(`is ${bytes} bytes with what the gate adds`);
  return json;
}

function tooLarge(fact: string): InvalidInputError {
  const message = `"input" ${fact}, expected at most ${maxInputBytes} bytes of JSON`;
  return new InvalidInputError("request.too_large", message, { field: "input" });
}

/** SHA-256 of a request, to tell a retry from another request under the same key. */
export function requestHash(workflow: string, input: Record<string, unknown>): string {
  return createHash("sha256")
    .update(JSON.stringify([workflow, input]))
    .digest("base64url");
}

/** Whether an execution's input is the one the gate writes for this grant and the request it was given for. */
export function isInputOf(input: string | undefined, workflow: string, grant: Grant): boolean {
  const parsed = parseObject(input);
  if (!parsed) return false;
  const { countersign, ...own } = parsed;
  return (
    (countersign as { grantId?: unknown } | null | undefined)?.grantId === grant.grantId &&
    requestHash(workflow, own) === grant.requestHash
  );
}

function parseObject(json: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json ?? "");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
