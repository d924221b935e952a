import {
  errorName,
  keepableFacts,
  keptFacts,
  keptFactsMember,
  type PayloadFacts,
  payloadFactsOf,
} from "../status-event/payload-facts.ts";
import { findTokenShapes } from "../token/token-shape.ts";

const payloadFields = ["input", "output", "cause", "error"] as const;

/**
 * A status event as it may be kept in a dead letter: without input, output and cause, and with anything
 * else that looks like a token replaced. Undefined when the body is no JSON object.
 *
 * It is recorded as the original would be: with the hash and size of the payloads, where in them a token was
 * found and of what kind, and whose child or grant the input claimed.
 */
export function redactEvent(body: string): string | undefined {
  let event: unknown;
  try {
    event = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (event === null || typeof event !== "object" || Array.isArray(event)) return undefined;
  const { detail } = event as { detail?: unknown };
  if (detail === null || typeof detail !== "object") return undefined;
  const kept: Record<string, unknown> = { ...detail };
  for (const field of payloadFields) if (field in kept) kept[field] = fieldWithout(field, kept[field]);
  const facts = factsOf(event as Record<string, unknown>, detail);
  const redacted = { ...event, detail: kept, [keptFactsMember]: undefined };
  return JSON.stringify(replaceTokens({ ...redacted, ...(facts && { [keptFactsMember]: facts }) }, 0));
}

/** What the payloads tell, or told when they were taken out the first time; none of an event that can't be parsed. */
function factsOf(event: Readonly<Record<string, unknown>>, detail: object): PayloadFacts | undefined {
  const payloads: Readonly<Record<string, unknown>> = { ...detail };
  const isText = (value: unknown) => value === null || value === undefined || typeof value === "string";
  if (!payloadFields.every((field) => isText(payloads[field]))) return undefined;
  return keptFacts(event, payloads) ?? keepableFacts(payloadFactsOf(payloads));
}

/** Nothing of a payload, whatever its type; of an error its name. */
function fieldWithout(field: string, value: unknown): string | null {
  return field === "error" && typeof value === "string" ? errorName(value) : null;
}

/** Bounds the depth: what lies deeper is left out, not passed through. */
const maxDepth = 16;

function replaceTokens(value: unknown, depth: number): unknown {
  if (typeof value === "string") return findTokenShapes(value).length > 0 ? "[token removed]" : value;
  if (value === null || typeof value !== "object") return value;
  if (depth > maxDepth) return "[too deep]";
  if (Array.isArray(value)) return value.map((item) => replaceTokens(item, depth + 1));
  const safe = Object.entries(value).filter(([name]) => findTokenShapes({ [name]: "" }).length === 0);
  return Object.fromEntries(safe.map(([name, member]) => [name, replaceNamed(name, member, depth)]));
}

function replaceNamed(name: string, member: unknown, depth: number): unknown {
  return findTokenShapes({ [name]: member }).length > 0 && typeof member === "string"
    ? "[token removed]"
    : replaceTokens(member, depth + 1);
}
