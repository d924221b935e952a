import { Logger } from "@aws-lambda-powertools/logger";
import { findTokenShapes } from "@countersign/core/token/token-shape";

const forbidden =
  /token|secret|authorization|password|passphrase|credential|assertion|cookie|api[_-]?key|private[_-]?key|jwt|bearer|rawbody|^body$|^input$|^output$|^cause$/i;

/** The longest chain of causes that is written. */
const maxCauses = 32;

/** A structured logger that refuses what a log must never hold, whoever passes it. */
export function createLogger(serviceName: string): Logger {
  return new Logger({ serviceName, jsonReplacerFn: refuseSecrets });
}

/**
 * Keeps sensitive values out of a log line: fields by their name, and any string shaped like a token, be it a
 * value or a field's name.
 *
 * An error's `cause` is let through as far as it is an error, whose own strings are looked at in turn.
 */
export function refuseSecrets(key: string, value: unknown): unknown {
  if (forbidden.test(key) && !(key === "cause" && isErrorLike(value)) && isContent(value)) return "[refused]";
  if (typeof value === "string") return findTokenShapes(value).length > 0 ? refusedShape : value;
  // The formatter follows causes to their end; a line that can't be written would cost the answer too.
  if (value instanceof Error && isEndless(value)) return { name: value.name, message: value.message };
  return hasTokenAsName(value) ? refusedShape : value;
}

const refusedShape = "[refused: shaped like a token]";

function hasTokenAsName(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.keys(value).some((name) => findTokenShapes(name).length > 0);
}

function isEndless(error: Error): boolean {
  let last: unknown = error;
  for (let depth = 0; depth < maxCauses && last instanceof Error; depth += 1) last = last.cause;
  return last instanceof Error;
}

function isContent(value: unknown): boolean {
  return typeof value === "string" || (typeof value === "object" && value !== null);
}

function isErrorLike(value: unknown): boolean {
  return typeof value === "object" && value !== null && "message" in value;
}
