import { randomBytes } from "node:crypto";
import { RawAesKeyringNode, RawAesWrappingSuiteIdentifier } from "@aws-crypto/client-node";
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { DecryptCommand, GenerateDataKeyCommand, type KMSClient } from "@aws-sdk/client-kms";
import type { Clock } from "@countersign/core/clock";
import type { Entry, PersonalData, Subject } from "@countersign/core/entry/entry";
import { subjectDigest } from "@countersign/core/entry/entry-key";
import { IntegrityError } from "@countersign/core/error/errors";
import type { PersonalDataCipher } from "@countersign/core/personal/personal-data";
import type { StandingKey } from "@countersign/core/subject/subject-records";
import { encryptionClient, suiteId } from "../kms/encryption.ts";
import { orUnavailable } from "../sdk-error.ts";
import type { Item } from "./item.ts";
import type { StateSource } from "./state-source.ts";
import { stateAttributes as names } from "./tables.ts";

/** An entry's `personal` field. */
export type EncryptedPersonalData = NonNullable<Entry["personal"]>;

export interface SubjectKeysSource extends StateSource {
  readonly kms: KMSClient;
  /** Id, ARN or alias of the KMS key that wraps the subjects' keys. */
  readonly keyId: string;
  readonly clock: Clock;
  /** How many unwrapped keys are kept in memory. */
  readonly maxCached?: number;
  /** How long one is kept: also how long a process may still encrypt under a key after it was destroyed. */
  readonly maxAgeMillis?: number;
}

interface SubjectKey {
  readonly id: string;
  readonly keyring: RawAesKeyringNode;
}

/** Personal data under a key of its subject: written, read, and erased by taking the key away. */
export interface PersonalDataKeys extends PersonalDataCipher {
  /**
   * Reads personal data of a subject; "erased" from the moment its key is destroyed, whoever holds the key in memory.
   *
   * @throws {IntegrityError} `ledger.entry_unreadable` when the ciphertext was altered.
   * @throws {UnavailableError} `store.unavailable`.
   */
  decrypt(subject: Subject, personal: EncryptedPersonalData): Promise<PersonalData | "erased">;

  /** The subject's key as it stands; a consistent read. @throws {UnavailableError} `store.unavailable`. */
  standing(subject: Subject): Promise<StandingKey | undefined>;
}

/**
 * Keeps each subject's data key in the state table, wrapped by KMS; a ciphertext names it by a random id,
 * never by its subject.
 */
export function createSubjectKeys(source: SubjectKeysSource): PersonalDataKeys {
  return new SubjectKeys(source);
}

/**
 * Destroys this key, and no key made since; resolves once durable, absent is success.
 *
 * Processes may hold it in memory for as long as `maxAgeMillis`, and what they encrypt in that time is erased
 * too; backups of the table hold its wrapped form until they end.
 *
 * @throws {UnavailableError} `store.unavailable`.
 */
export async function destroyKey(
  { dynamodb, table }: StateSource,
  { digest, id }: StandingKey,
): Promise<void> {
  const command = new DeleteItemCommand({
    TableName: table,
    Key: subjectKeyItem(digest),
    ConditionExpression: "#k = :id",
    ExpressionAttributeNames: { "#k": names.keyId },
    ExpressionAttributeValues: { ":id": { S: id } },
  });
  try {
    await orUnavailable(dynamodb.send(command), `table ${table}`);
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

/**
 * Destroys a subject's key and leaves a mark, so that the subject is never given another: what is encrypted for
 * it after that is under a key that is thrown away.
 *
 * @throws {UnavailableError} `store.unavailable`.
 */
export async function destroyKeyForGood({ dynamodb, table }: StateSource, subject: Subject): Promise<void> {
  const command = new PutItemCommand({ TableName: table, Item: subjectKeyItem(subjectDigest(subject)) });
  await orUnavailable(dynamodb.send(command), `table ${table}`);
}

class SubjectKeys implements PersonalDataKeys {
  readonly #source: SubjectKeysSource;
  readonly #cache = new Map<string, { readonly key: Promise<SubjectKey>; readonly until: number }>();

  constructor(source: SubjectKeysSource) {
    this.#source = source;
  }

  async encrypt(subject: Subject, data: PersonalData): Promise<EncryptedPersonalData> {
    const { id, keyring } = await this.#keyFor(subjectDigest(subject));
    const { result } = await encryptionClient.encrypt(keyring, JSON.stringify(data), { suiteId });
    return { key: id, ciphertext: result.toString("base64") };
  }

  async decrypt(subject: Subject, personal: EncryptedPersonalData): Promise<PersonalData | "erased"> {
    const key = await this.#keyNamed(subjectDigest(subject), personal.key);
    if (!key) return "erased";
    try {
      const { plaintext } = await encryptionClient.decrypt(
        key.keyring,
        Buffer.from(personal.ciphertext, "base64"),
      );
      return JSON.parse(plaintext.toString("utf8")) as PersonalData;
    } catch (error) {
      throw new IntegrityError(
        "ledger.entry_unreadable",
        `personal data under key ${personal.key} does not open: its bytes are not what was encrypted`,
        { cause: error },
      );
    }
  }

  async standing(subject: Subject): Promise<StandingKey | undefined> {
    const digest = subjectDigest(subject);
    const id = idOf(await this.#item(digest));
    return id === undefined ? undefined : { digest, id };
  }

  /** The subject's key, made at its first use; asked for once however many wait for it. */
  #keyFor(digest: string): Promise<SubjectKey> {
    const cached = this.#cached(digest);
    if (cached !== undefined) return cached;
    return this.#remember(
      digest,
      this.#item(digest).then((item) => (item ? this.#unwrap(digest, item) : this.#make(digest))),
    );
  }

  /**
   * The subject's key if it has this id still. The table is asked each time, for one in memory may have been
   * destroyed since.
   */
  async #keyNamed(digest: string, id: string): Promise<SubjectKey | undefined> {
    const item = await this.#item(digest);
    if (!item || idOf(item) !== id) return undefined;
    const cached = await this.#cached(digest);
    if (cached?.id === id) return cached;
    return this.#remember(digest, this.#unwrap(digest, item));
  }

  async #item(digest: string): Promise<Item | undefined> {
    const { dynamodb, table } = this.#source;
    const command = new GetItemCommand({
      TableName: table,
      Key: subjectKeyItem(digest),
      ConsistentRead: true,
    });
    const { Item: item } = await orUnavailable(dynamodb.send(command), `table ${table}`);
    return item;
  }

  async #make(digest: string): Promise<SubjectKey> {
    const { dynamodb, table, kms, keyId } = this.#source;
    const generate = new GenerateDataKeyCommand({
      KeyId: keyId,
      NumberOfBytes: 32,
      EncryptionContext: contextOf(digest),
    });
    const { Plaintext, CiphertextBlob } = await orUnavailable(kms.send(generate), "KMS");
    if (!Plaintext || !CiphertextBlob) throw new TypeError("KMS answered without a data key");
    const id = newKeyId();
    const put = new PutItemCommand({
      TableName: table,
      Item: {
        ...subjectKeyItem(digest),
        [names.keyId]: { S: id },
        [names.ciphertext]: { B: CiphertextBlob },
      },
      ConditionExpression: `attribute_not_exists(${names.partition})`,
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    try {
      await orUnavailable(dynamodb.send(put), `table ${table}`);
      return subjectKey(id, Plaintext);
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException) || !error.Item) throw error;
      // Another process was first, or the answer to our own put was lost: what stands is the subject's key.
      return this.#unwrap(digest, error.Item);
    }
  }

  async #unwrap(digest: string, item: Item): Promise<SubjectKey> {
    const { kms, keyId } = this.#source;
    const id = idOf(item);
    // Destroyed for good: what is still encrypted for this subject is never to be read.
    if (id === undefined) return subjectKey(newKeyId(), randomBytes(32));
    const command = new DecryptCommand({
      KeyId: keyId,
      CiphertextBlob: item[names.ciphertext]?.B,
      EncryptionContext: contextOf(digest),
    });
    const { Plaintext } = await orUnavailable(kms.send(command), "KMS");
    if (!Plaintext) throw new TypeError("KMS answered without a data key");
    return subjectKey(id, Plaintext);
  }

  #cached(digest: string): Promise<SubjectKey> | undefined {
    const entry = this.#cache.get(digest);
    if (!entry || entry.until <= this.#source.clock.now()) return undefined;
    // To the end of the map, whose order is then that of the last use.
    this.#cache.delete(digest);
    this.#cache.set(digest, entry);
    return entry.key;
  }

  #remember(digest: string, key: Promise<SubjectKey>): Promise<SubjectKey> {
    const { clock, maxAgeMillis = 300_000, maxCached = 1_000 } = this.#source;
    const entry = { key, until: clock.now() + maxAgeMillis };
    this.#cache.delete(digest);
    this.#cache.set(digest, entry);
    const [oldest] = this.#cache.keys();
    if (this.#cache.size > maxCached && oldest !== undefined) this.#cache.delete(oldest);
    key.catch(() => {
      if (this.#cache.get(digest) === entry) this.#cache.delete(digest);
    });
    return key;
  }
}

function subjectKey(id: string, plaintext: Uint8Array): SubjectKey {
  const keyring = new RawAesKeyringNode({
    // Every ciphertext repeats these; which key it is stands beside it, in `personal.key`.
    keyName: "k",
    keyNamespace: "cs",
    // The keyring wants a buffer of its own, and the SDK's is a view on one shared with others.
    unencryptedMasterKey: Uint8Array.from(plaintext),
    wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
  });
  plaintext.fill(0);
  return { id, keyring };
}

function idOf(item: Item | undefined): string | undefined {
  return item?.[names.keyId]?.S;
}

function newKeyId(): string {
  return randomBytes(16).toString("base64url");
}

function contextOf(digest: string): Record<string, string> {
  return { purpose: "personal-data", subject: digest };
}

function subjectKeyItem(digest: string): Item {
  return { [names.partition]: { S: `KEY#${digest}` } };
}
