import { createHmac } from "node:crypto";
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { Clock } from "@countersign/core/clock";
import type { Subject } from "@countersign/core/entry/entry";
import { newReference, type Pseudonyms } from "@countersign/core/subject/pseudonyms";
import { orUnavailable } from "../sdk-error.ts";
import type { Item } from "./item.ts";
import type { StateSource } from "./state-source.ts";
import { destroyKey, type PersonalDataKeys } from "./subject-keys.ts";
import { stateAttributes as names } from "./tables.ts";

export interface PseudonymsSource extends StateSource {
  /** Keeps the `sub` behind each reference, under the reference's own key. */
  readonly keys: PersonalDataKeys;
  /**
   * Names mappings, so that the table alone doesn't tell whose they are. Under another key every mapping is
   * lost, so it must not be one that is replaced from time to time.
   */
  readonly mappingKey: Uint8Array;
  readonly clock: Clock;
  /** How many references are kept in memory. */
  readonly maxCached?: number;
  /** How long one is kept: also how long another process may still use a reference after it was erased. */
  readonly maxAgeMillis?: number;
}

/** References, with the names of their mappings. */
export interface MappedPseudonyms extends Pseudonyms {
  /** What names the subject's mapping. */
  mappingOf(subject: Subject): string;
}

/** Keeps the mapping of each subject to its reference in an item of the state table. */
export function createPseudonyms(source: PseudonymsSource): MappedPseudonyms {
  return new StoredPseudonyms(source);
}

/** Removes a mapping while it leads to this reference; absent is success. @throws {UnavailableError} `store.unavailable`. */
export async function forgetMapping(
  { dynamodb, table }: StateSource,
  mapping: string,
  reference: string,
): Promise<void> {
  const command = new DeleteItemCommand({
    TableName: table,
    Key: mappingItem(mapping),
    ConditionExpression: "#s = :reference",
    ExpressionAttributeNames: { "#s": names.state },
    ExpressionAttributeValues: { ":reference": { S: reference } },
  });
  try {
    await orUnavailable(dynamodb.send(command), `table ${table}`);
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

class StoredPseudonyms implements MappedPseudonyms {
  readonly #source: PseudonymsSource;
  readonly #cache = new Map<string, { readonly reference: Promise<string>; readonly until: number }>();

  constructor(source: PseudonymsSource) {
    this.#source = source;
  }

  async referenceTo(subject: Subject): Promise<Subject> {
    const mapping = this.mappingOf(subject);
    const cached = this.#cache.get(mapping);
    const fresh = cached && cached.until > this.#source.clock.now() ? cached.reference : undefined;
    const reference = fresh ?? this.#remember(mapping, this.#readOrMake(mapping, subject));
    return { iss: subject.iss, sub: await reference };
  }

  async find(subject: Subject): Promise<Subject | undefined> {
    const reference = await this.#read(this.mappingOf(subject));
    return reference === undefined ? undefined : { iss: subject.iss, sub: reference };
  }

  mappingOf({ iss, sub }: Subject): string {
    const text = `subject-mapping\n${JSON.stringify([iss, sub])}`;
    return createHmac("sha256", this.#source.mappingKey).update(text).digest("base64url");
  }

  async #readOrMake(mapping: string, subject: Subject): Promise<string> {
    return (await this.#read(mapping)) ?? this.#make(mapping, subject);
  }

  async #read(mapping: string): Promise<string | undefined> {
    const { dynamodb, table } = this.#source;
    const command = new GetItemCommand({
      TableName: table,
      Key: mappingItem(mapping),
      ConsistentRead: true,
    });
    const { Item: item } = await orUnavailable(dynamodb.send(command), `table ${table}`);
    return item && referenceOf(item);
  }

  /** The reference's key is made before its mapping: no mapping stands whose reference can't be destroyed. */
  async #make(mapping: string, { iss, sub }: Subject): Promise<string> {
    const { dynamodb, table, keys } = this.#source;
    const reference = newReference();
    const { key, ciphertext } = await keys.encrypt({ iss, sub: reference }, { claims: { sub } });
    const command = new PutItemCommand({
      TableName: table,
      Item: {
        ...mappingItem(mapping),
        [names.state]: { S: reference },
        [names.keyId]: { S: key },
        [names.ciphertext]: { B: Buffer.from(ciphertext, "base64") },
      },
      ConditionExpression: `attribute_not_exists(${names.partition})`,
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    try {
      await orUnavailable(dynamodb.send(command), `table ${table}`);
      return reference;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException) || !error.Item) throw error;
      const standing = referenceOf(error.Item);
      // Unless it is our own, whose answer was lost, another process was first and ours is of no use.
      if (standing !== reference) await this.#discard({ iss, sub: reference });
      return standing;
    }
  }

  async #discard(reference: Subject): Promise<void> {
    const key = await this.#source.keys.standing(reference);
    if (key) await destroyKey(this.#source, key);
  }

  #remember(mapping: string, reference: Promise<string>): Promise<string> {
    const { clock, maxAgeMillis = 5_000, maxCached = 10_000 } = this.#source;
    const entry = { reference, until: clock.now() + maxAgeMillis };
    this.#cache.delete(mapping);
    this.#cache.set(mapping, entry);
    const [oldest] = this.#cache.keys();
    if (this.#cache.size > maxCached && oldest !== undefined) this.#cache.delete(oldest);
    reference.catch(() => {
      if (this.#cache.get(mapping) === entry) this.#cache.delete(mapping);
    });
    return reference;
  }
}

function mappingItem(mapping: string): Item {
  return { [names.partition]: { S: `SUBJECT#${mapping}` } };
}

function referenceOf(item: Item): string {
  const reference = item[names.state]?.S;
  if (reference === undefined) throw new TypeError("a subject's mapping holds no reference");
  return reference;
}
