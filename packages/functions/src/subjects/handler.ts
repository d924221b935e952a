import type { Subject } from "@countersign/core/entry/entry";
import { InvalidInputError } from "@countersign/core/error/errors";
import { recordingRefusal } from "@countersign/core/operate/act-entries";
import { requireScopes } from "@countersign/core/policy/decide-start";
import { type EraseDeps, eraseRefusedEntry, eraseSubject } from "@countersign/core/subject/erase-subject";
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

export interface SubjectsDeps extends EraseDeps {
  readonly verifier: TokenVerifier;
  readonly scopes: readonly string[];
  readonly log: ErrorLog;
}

/** `POST /operations/subjects/erase`. The answer never holds the reference: it would tell whose it was. */
export function subjectsHandler(deps: SubjectsDeps): ApiHandler {
  return answering(deps.log, async (event) => {
    const token = await deps.verifier.verify(bearerToken(event));
    return recordingRefusal(
      deps.ledger,
      (error) => eraseRefusedEntry(token, error, deps.clock.now()),
      () => erase(deps, event, token),
    );
  });
}

async function erase(deps: SubjectsDeps, event: ApiEvent, token: VerifiedToken) {
  requireScopes(new Set(token.scopes), deps.scopes);
  return jsonResponse(200, await eraseSubject(deps, { subject: subjectOf(event), token }));
}

function subjectOf(event: ApiEvent): Subject {
  const body = jsonBody(event);
  onlyFields(body, ["iss", "sub"]);
  return { iss: text(body, "iss", 2048), sub: text(body, "sub", 1024) };
}

function text(body: Record<string, unknown>, field: string, max: number): string {
  const value = body[field];
  if (typeof value === "string" && value !== "" && value.length <= max) return value;
  throw new InvalidInputError("request.malformed", `"${field}" is not text of 1 to ${max} characters`, {
    field,
  });
}
