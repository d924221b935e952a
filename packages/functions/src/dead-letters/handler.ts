import type { Clock } from "@countersign/core/clock";
import type { DeadLetter, DeadLetterQueue, Redrive } from "@countersign/core/dead-letter/dead-letter";
import { type CountersignError, InvalidInputError } from "@countersign/core/error/errors";
import type { LedgerWriter } from "@countersign/core/ledger/ledger";
import { actEntry, coalesced, recordingRefusal, refusedEntry } from "@countersign/core/operate/act-entries";
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

/** Most letters one call lists or sends back, and most of those that stay whose ids go on the record. */
const maxLetters = 100;

/** `GET /operations/dead-letters` and `POST /operations/dead-letters/redrive`. */
export function deadLettersHandler(deps: DeadLettersDeps): ApiHandler {
  return answering(deps.log, async (event) => {
    const token = await deps.verifier.verify(bearerToken(event));
    return event.requestContext.http.method === "POST"
      ? redrive(deps, event, token)
      : list(deps, event, token);
  });
}

/** Looks at letters; what was seen is on the record before it is answered, once for looks within a minute. */
function list(deps: DeadLettersDeps, event: ApiEvent, token: VerifiedToken) {
  const entry = actEntry("dead_letter.listed", token, deps.clock.now());
  const refused = (error: CountersignError) => coalesced(refusedEntry(entry, error));
  return recordingRefusal(deps.ledger, refused, async () => {
    requireScopes(new Set(token.scopes), deps.scopes);
    const letters = await deps.deadLetters.list(limitOf(event));
    await deps.ledger.append(coalesced({ ...entry, detail: { results: letters.length } }));
    return jsonResponse(200, { deadLetters: letters.map(letterView) });
  });
}

/** Sends letters back, once the record names those that are about to be. */
function redrive(deps: DeadLettersDeps, event: ApiEvent, token: VerifiedToken) {
  const entry = () => actEntry("dead_letter.redriven", token, deps.clock.now());
  const refused = (error: CountersignError) => refusedEntry(entry(), error);
  return recordingRefusal(deps.ledger, refused, async () => {
    requireScopes(new Set(token.scopes), deps.scopes);
    const intend = async (plan: Redrive) => {
      await deps.ledger.append({ ...entry(), detail: detailOf(plan) });
    };
    const { redriven, kept } = await deps.deadLetters.redrive(intend, maxLetters, idsOf(event));
    return jsonResponse(200, { redriven: idsIn(redriven), kept: idsIn(kept) });
  });
}

/** Those that go back by name; of those that stay, which may be any number, as many as an entry can name. */
function detailOf({ redriven, kept }: Redrive) {
  return {
    letters: idsIn(redriven),
    kept: idsIn(kept.slice(0, maxLetters)),
    ...(kept.length > maxLetters && { keptCount: kept.length }),
  };
}

const idsIn = (letters: readonly DeadLetter[]) => letters.map(({ id }) => id);

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
