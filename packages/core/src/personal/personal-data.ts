import type { Entry, PersonalData, Subject } from "../entry/entry.ts";

/** Encrypts personal data under a data key of its subject, made at the first use. */
export interface PersonalDataCipher {
  /** @throws {UnavailableError} `store.unavailable` when the subject's key can't be read or made. */
  encrypt(subject: Subject, data: PersonalData): Promise<NonNullable<Entry["personal"]>>;
}
