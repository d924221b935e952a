import { randomUUID } from "node:crypto";
import type { Clock } from "@countersign/core/clock";
import type { DeadLetter, DeadLetterQueue } from "@countersign/core/dead-letter/dead-letter";
import { InvalidInputError } from "@countersign/core/error/errors";
import { callerFields } from "@countersign/core/gate/start-entries";
import type { LedgerWriter } from "@countersign/core/ledger/ledger";
import { requireScopes } from "@countersign/core/policy/decide-start";
import type { TokenVerifier, VerifiedToken } from "@countersign/core/token/verified-token";
import {
  type ApiEvent,
  type ApiHandler,
  answering,
  bearerToken,
  type ErrorLog,
  jsonBody,
  jsonResponse,
  onlyFields,
} from "../api/http.ts";

export interface DeadLettersDeps {
  readonly clock: Clock;
  readonly deadLetters: DeadLetterQueue;
  readonly ledger: LedgerWriter;
  readonly verifier: TokenVerifier;
  readonly scopes: readonly string[];
  readonly log: ErrorLog;
}

/** Most letters one call looks at. */
const maxLetters = 100;

/** `GET /operations/dead-letters` and `POST /operations/dead-letters/redrive`. */
export function deadLettersHandler(deps: DeadLettersDeps): ApiHandler {
  return answering(deps.log, async (event) => {
    const token = await deps.verifier.verify(bearerToken(event));
    requireScopes(new Set(token.scopes), deps.scopes);
    if (event.requestContext.http.method === "POST") return redrive(deps, event, token);
    const letters = await deps.deadLetters.list(limitOf(event));
    return jsonResponse(200, { deadLetters: letters.map(letterView) });
  });
}

async function redrive(deps: DeadLettersDeps, event: ApiEvent, token: VerifiedToken) {
  const ids = idsOf(event);
  const { redriven, kept } = await deps.deadLetters.redrive(maxLetters, ids);
  if (redriven.length > 0) {
    await deps.ledger.append({
      action: "dead_letter.redriven",
      outcome: "success",
      source: "api",
      id: randomUUID(),
      occurredAt: deps.clock.now(),
      ...callerFields(token),
      scopes: token.scopes.slice(0, 128),
      fingerprint: token.fingerprint,
      detail: { letters: redriven.map(({ id }) => id) },
    });
  }
  return jsonResponse(200, { redriven: redriven.map(({ id }) => id), kept: kept.map(({ id }) => id) });
}

function letterView({ reason, redrivable, ...letter }: DeadLetter) {
  return { ...letter, code: reason.code, reason: reason.message, redrivable: redrivable !== undefined };
}

function limitOf(event: ApiEvent): number {
  const text = event.queryStringParameters?.["limit"] ?? "50";
  if (/^[1-9]\d{0,2}$/.test(text) && Number(text) <= maxLetters) return Number(text);
  throw new InvalidInputError("request.malformed", `"limit" is not a whole number from 1 to ${maxLetters}`, {
    field: "limit",
  });
}

function idsOf(event: ApiEvent): string[] | undefined {
  const body = jsonBody(event);
  onlyFields(body, ["ids"]);
  const ids = body["ids"];
  if (ids === undefined) return undefined;
  if (Array.isArray(ids) && ids.length <= maxLetters && ids.every((id) => typeof id === "string")) return ids;
  throw new InvalidInputError("request.malformed", `"ids" is not a list of at most ${maxLetters} ids`, {
    field: "ids",
  });
}
