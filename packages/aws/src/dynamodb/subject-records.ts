import type { SubjectRecordDestroyer, SubjectRecordFinder } from "@countersign/core/subject/subject-records";
import { forgetMapping, type MappedPseudonyms } from "./pseudonyms.ts";
import type { StateSource } from "./state-source.ts";
import { destroyKey, destroyKeyForGood, type PersonalDataKeys } from "./subject-keys.ts";

/**
 * Finds what the state table keeps of a subject: the key of the provider's own identifier, and the reference with
 * its mapping. Both are looked for whatever the configuration says now, for it may have said otherwise.
 */
export function createSubjectRecordFinder(
  keys: PersonalDataKeys,
  pseudonyms: MappedPseudonyms,
): SubjectRecordFinder {
  return {
    async find(subject) {
      const [key, reference] = await Promise.all([keys.standing(subject), pseudonyms.find(subject)]);
      const mapping = pseudonyms.mappingOf(subject);
      return {
        keys: key ? [key] : [],
        ...(reference && { pseudonym: { subject: reference, mapping } }),
      };
    },
  };
}

/** Destroys it; needs neither the key of mappings nor KMS. */
export function createSubjectRecordDestroyer(source: StateSource): SubjectRecordDestroyer {
  return {
    async destroy({ keys, pseudonym }) {
      await Promise.all(keys.map((key) => destroyKey(source, key)));
      if (!pseudonym) return;
      // The key first: should the mapping outlive it, what comes under the reference can't be read either.
      await destroyKeyForGood(source, pseudonym.subject);
      await forgetMapping(source, pseudonym.mapping, pseudonym.subject.sub);
    },
  };
}
