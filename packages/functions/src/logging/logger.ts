import { Logger } from "@aws-lambda-powertools/logger";
import { findTokenShapes } from "@countersign/core/token/token-shape";

const forbidden = /token|secret|authorization|password|assertion|cookie|rawbody|^input$|^output$|^cause$/i;

/** A structured logger that refuses what a log must never hold, whoever passes it. */
export function createLogger(serviceName: string): Logger {
  return new Logger({ serviceName, jsonReplacerFn: refuseSecrets });
}

/**
 * Keeps sensitive values out of a log line: fields by their name, and any string shaped like a token.
 *
 * An error's `cause` is let through as far as it is an error, whose own strings are looked at in turn.
 */
export function refuseSecrets(key: string, value: unknown): unknown {
  if (forbidden.test(key) && !(key === "cause" && isErrorLike(value)) && isContent(value)) return "[refused]";
  if (typeof value === "string" && findTokenShapes(value).length > 0) return "[refused: shaped like a token]";
  return value;
}

function isContent(value: unknown): boolean {
  return typeof value === "string" || (typeof value === "object" && value !== null);
}

function isErrorLike(value: unknown): boolean {
  return typeof value === "object" && value !== null && "message" in value;
}
