import type { DeadLetter } from "@countersign/core/dead-letter/dead-letter";
import { errorCatalog } from "@countersign/core/error/catalog";

/** Reads a letter from a message body; undefined for a body that is none of ours. */
export function readLetter(body: string): DeadLetter | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isLetter(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isLetter(value: unknown): value is DeadLetter {
  if (!isObject(value) || !isObject(value["reason"])) return false;
  const { id, queue, reason, sha256, bytes, receiveCount, at, redrivable } = value;
  const { code, message } = reason as Record<string, unknown>;
  return (
    [id, sha256, message].every((field) => typeof field === "string") &&
    [bytes, receiveCount, at].every((field) => Number.isSafeInteger(field)) &&
    (queue === "status-events" || queue === "revocations") &&
    typeof code === "string" &&
    Object.hasOwn(errorCatalog, code) &&
    (redrivable === undefined || typeof redrivable === "string")
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
