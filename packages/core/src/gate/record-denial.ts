import type { Clock } from "../clock.ts";
import type { PersonalData } from "../entry/entry.ts";
import type { CountersignError } from "../error/errors.ts";
import type { LedgerWriter } from "../ledger/ledger.ts";
import type { PersonalDataCipher } from "../personal/personal-data.ts";
import type { VerifiedToken } from "../token/verified-token.ts";
import { deniedEntry } from "./start-entries.ts";

export interface DenialDeps {
  readonly clock: Clock;
  readonly ledger: LedgerWriter;
  readonly personal: PersonalDataCipher;
}

/** Where a request came from. */
export type StartOrigin = Pick<PersonalData, "sourceIp" | "userAgent">;

/** What was refused to whom. */
export interface RefusedRequest {
  readonly workflow: string;
  readonly token: VerifiedToken;
  readonly origin: StartOrigin;
}

/** Records that a verified caller was refused, and why. @throws {UnavailableError} `store.unavailable`. */
export async function recordDenial(
  { clock, ledger, personal }: DenialDeps,
  { workflow, token, origin }: RefusedRequest,
  error: CountersignError,
): Promise<void> {
  const encrypted = await personal.encrypt(token.subject, personalData(token, origin));
  await ledger.append({ ...deniedEntry(token, workflow, error, clock.now()), personal: encrypted });
}

/** What of a request is kept only encrypted. */
export function personalData({ personalClaims }: VerifiedToken, origin: StartOrigin): PersonalData {
  return { ...origin, ...(Object.keys(personalClaims).length > 0 && { claims: personalClaims }) };
}
