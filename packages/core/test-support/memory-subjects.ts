import { randomUUID } from "node:crypto";
import type { Subject } from "../src/entry/entry.ts";
import { subjectDigest } from "../src/entry/entry-key.ts";
import { newReference, type Pseudonyms } from "../src/subject/pseudonyms.ts";
import type {
  Erasure,
  ErasureIntents,
  SubjectRecordDestroyer,
  SubjectRecordFinder,
  SubjectRecords,
} from "../src/subject/subject-records.ts";

/** References by the subject they stand for. */
export class MemoryPseudonyms implements Pseudonyms {
  readonly references = new Map<string, string>();

  async referenceTo({ iss, sub }: Subject): Promise<Subject> {
    const mapping = JSON.stringify([iss, sub]);
    const reference = this.references.get(mapping) ?? newReference();
    this.references.set(mapping, reference);
    return { iss, sub: reference };
  }

  async find({ iss, sub }: Subject): Promise<Subject | undefined> {
    const reference = this.references.get(JSON.stringify([iss, sub]));
    return reference === undefined ? undefined : { iss, sub: reference };
  }
}

/** What is kept of subjects, and the intents to erase it. */
export class MemorySubjects implements SubjectRecordFinder, SubjectRecordDestroyer, ErasureIntents {
  readonly pseudonyms = new MemoryPseudonyms();
  /** Id of each subject's key, by the subject's digest. */
  readonly keys = new Map<string, string>();
  readonly intents = new Map<string, Erasure>();

  giveKey(subject: Subject): void {
    this.keys.set(subjectDigest(subject), randomUUID());
  }

  hasKey(subject: Subject): boolean {
    return this.keys.has(subjectDigest(subject));
  }

  async find(subject: Subject): Promise<SubjectRecords> {
    const digest = subjectDigest(subject);
    const id = this.keys.get(digest);
    const reference = await this.pseudonyms.find(subject);
    const mapping = JSON.stringify([subject.iss, subject.sub]);
    return {
      keys: id === undefined ? [] : [{ digest, id }],
      ...(reference && { pseudonym: { subject: reference, mapping } }),
    };
  }

  async destroy({ keys, pseudonym }: SubjectRecords): Promise<void> {
    for (const { digest, id } of keys) if (this.keys.get(digest) === id) this.keys.delete(digest);
    if (!pseudonym) return;
    this.keys.delete(subjectDigest(pseudonym.subject));
    const { references } = this.pseudonyms;
    if (references.get(pseudonym.mapping) === pseudonym.subject.sub) references.delete(pseudonym.mapping);
  }

  async put(erasure: Erasure): Promise<void> {
    this.intents.set(erasure.id, erasure);
  }

  async *list(): AsyncGenerator<Erasure> {
    yield* this.intents.values();
  }

  async remove(id: string): Promise<void> {
    this.intents.delete(id);
  }
}
