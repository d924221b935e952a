import { createHash } from "node:crypto";
import { canonicalJson, type LedgerValue } from "@countersign/core/entry/canonical-json";
import { InvalidInputError } from "@countersign/core/error/errors";
import type { PageRequest, Question } from "@countersign/core/ledger/ledger";

/** The longest sort key DynamoDB takes. */
const maxPosition = 1024;

/** A cursor that goes on after the sort key `position`, for this question and window alone. */
export function writeCursor(question: Question, page: PageRequest, position: string): string {
  return Buffer.from(JSON.stringify([digest(question, page), position])).toString("base64url");
}

/**
 * The sort key a page goes on after, or undefined for the first page.
 *
 * @throws {InvalidInputError} `request.malformed` when it is no cursor, or one of another question or window.
 */
export function readCursor(question: Question, page: PageRequest): string | undefined {
  if (page.cursor === undefined) return undefined;
  const [owner, position] = parse(page.cursor);
  if (owner !== digest(question, page)) throw malformed("belongs to another question or window");
  const form = question.by === "execution" ? /^(?:\d|gate#)./s : /^\d{13}#[A-Za-z0-9_-]{8}$/;
  if (typeof position !== "string" || position.length > maxPosition || !form.test(position)) {
    throw malformed("names no position");
  }
  return position;
}

function parse(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    if (Array.isArray(value)) return value;
  } catch {
    // What does not parse is no cursor of ours.
  }
  throw malformed("is not one of ours");
}

function digest(question: Question, { from, to }: PageRequest): string {
  const asked = canonicalJson({ question: question as unknown as LedgerValue, from, to });
  return createHash("sha256").update(asked).digest("base64url").slice(0, 22);
}

function malformed(fact: string): InvalidInputError {
  return new InvalidInputError(
    "request.malformed",
    `"cursor" ${fact}, expected the cursor of the page before`,
    {
      field: "cursor",
    },
  );
}
