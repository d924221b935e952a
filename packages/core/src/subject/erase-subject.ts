import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { EntryFields } from "../entry/build-entry.ts";
import type { Subject } from "../entry/entry.ts";
import { subjectDigest } from "../entry/entry-key.ts";
import type { CountersignError } from "../error/errors.ts";
import type { LedgerWriter } from "../ledger/ledger.ts";
import { actEntry, refusedEntry } from "../operate/act-entries.ts";
import type { VerifiedToken } from "../token/verified-token.ts";
import type {
  Erasure,
  ErasureIntents,
  SubjectRecordDestroyer,
  SubjectRecordFinder,
  SubjectRecords,
} from "./subject-records.ts";

export interface FinishErasureDeps {
  readonly ledger: LedgerWriter;
  readonly destroyer: SubjectRecordDestroyer;
  readonly erasures: ErasureIntents;
}

export interface EraseDeps extends FinishErasureDeps {
  readonly clock: Clock;
  readonly finder: SubjectRecordFinder;
  /** How subjects are named on the record; see `subjects` of the configuration. */
  readonly subjects: "identifier" | "pseudonym";
}

export interface EraseRequest {
  /** As the provider names it. */
  readonly subject: Subject;
  /** Who asks. */
  readonly token: VerifiedToken;
}

export interface Erased {
  readonly entryId: string;
  /** False when nothing was kept of the subject beside the ledger. */
  readonly found: boolean;
}

/**
 * Erases what is personal of a subject: its data key, and the reference it is known by.
 *
 * Intent → `subject.erased` → destruction, so that nothing is destroyed without its record, and what a crash
 * leaves is finished by a sweep or by asking again. Entries stay as they are, byte for byte.
 *
 * @throws {UnavailableError} when it is not carried out yet; safe to repeat.
 */
export async function eraseSubject(deps: EraseDeps, request: EraseRequest): Promise<Erased> {
  const records = await deps.finder.find(request.subject);
  const id = randomUUID();
  const erasure: Erasure = { id, entry: erasedEntry(deps, request, id, records), records };
  await deps.erasures.put(erasure);
  const entryId = await finishErasure(deps, erasure);
  return { entryId, found: isKept(records) };
}

/** Carries out an intent from wherever it was left. @throws {UnavailableError} when it still stands. */
export async function finishErasure(deps: FinishErasureDeps, erasure: Erasure): Promise<string> {
  const { entryId } = await deps.ledger.append(erasure.entry);
  await deps.destroyer.destroy(erasure.records);
  await deps.erasures.remove(erasure.id);
  return entryId;
}

function erasedEntry(
  { clock, subjects }: EraseDeps,
  { subject, token }: EraseRequest,
  id: string,
  records: SubjectRecords,
): EntryFields {
  // Never both, which would link them for good; a subject without a reference is then not named at all.
  const erased = subjects === "identifier" ? subject : records.pseudonym?.subject;
  const detail = {
    found: isKept(records),
    ...(erased && { erased: { ...erased }, subjectDigest: subjectDigest(erased) }),
  };
  return { ...actEntry("subject.erased", token, clock.now(), { detail }), id };
}

/** A request to erase that was refused: whom it was about is not recorded. */
export function eraseRefusedEntry(
  token: VerifiedToken,
  error: CountersignError,
  occurredAt: number,
): EntryFields {
  return refusedEntry(actEntry("subject.erased", token, occurredAt), error);
}

function isKept({ keys, pseudonym }: SubjectRecords): boolean {
  return keys.length > 0 || pseudonym !== undefined;
}
