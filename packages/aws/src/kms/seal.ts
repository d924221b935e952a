import {
  NodeDefaultCryptographicMaterialsManager,
  type NodeEncryptionMaterial,
  type NodeMaterialsManager,
} from "@aws-crypto/client-node";
import { DeleteItemCommand, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { KMSClient } from "@aws-sdk/client-kms";
import type { Clock } from "@countersign/core/clock";
import { IntegrityError } from "@countersign/core/error/errors";
import type { PreparedSeal, SealContext, Sealer, SealOpener } from "@countersign/core/token/seal";
import type { Item } from "../dynamodb/item.ts";
import type { StateSource } from "../dynamodb/state-source.ts";
import { stateAttributes as names } from "../dynamodb/tables.ts";
import { failureName, isTransient, orUnavailable, unavailable } from "../sdk-error.ts";
import { commitmentPolicy, encryptionClient, suite, suiteId } from "./encryption.ts";
import { decryptingKeyring, encryptingKeyring } from "./keyring.ts";

/** Where seals are kept, and what they are made under. */
export interface SealSource extends StateSource {
  readonly kms: KMSClient;
  /** Id, ARN or alias of the KMS key. */
  readonly keyId: string;
}

/** How long a seal is kept whose token does not say when it ends. */
const unknownLifetimeMillis = 86_400_000;
/** Kept on after the token's end, for clocks that differ: the token may live at its provider for that long. */
const graceSeconds = 3600;

type TimedSource = SealSource & { readonly clock: Clock };

/**
 * Seals grant tokens under data keys of one KMS key, each an item of its own in the state table, whose time to
 * live is over an hour after the token's end; 25 hours from now where that is not known.
 */
export function createSealer(source: TimedSource): Sealer {
  return new KmsSealer(source);
}

/** Opens seals that were made under the same KMS key, and removes them. */
export function createSealOpener(source: SealSource): SealOpener {
  return {
    open: (context) => openSeal(source, context),
    discard: (context) => discardSeal(source, context),
  };
}

class KmsSealer implements Sealer {
  readonly #source: TimedSource;

  constructor(source: TimedSource) {
    this.#source = source;
  }

  prepare(context: SealContext): PreparedSeal {
    const { kms, keyId } = this.#source;
    const encryptionContext = contextOf(context);
    const { keyring } = encryptingKeyring(kms, keyId);
    const manager = new NodeDefaultCryptographicMaterialsManager(keyring);
    const materials = orUnavailable(
      manager.getEncryptionMaterials({ suite, encryptionContext, commitmentPolicy }),
      "KMS",
    );
    // A start that is refused before it has a token never asks for these: their failure is then no one's.
    materials.catch(() => undefined);
    let used = false;
    return {
      store: async (token, expiresAt) => {
        if (used) throw new TypeError("a prepared seal is stored once: its data key is gone");
        used = true;
        const prepared = preparedManager(manager, await materials);
        const { result } = await encryptionClient.encrypt(prepared, token, { suiteId, encryptionContext });
        await this.#put(context, result, expiresAt);
      },
    };
  }

  async #put(context: SealContext, ciphertext: Uint8Array, expiresAt: number | undefined): Promise<void> {
    const { dynamodb, table, clock } = this.#source;
    const end = expiresAt ?? clock.now() + unknownLifetimeMillis;
    const item = {
      ...sealKey(context),
      [names.ciphertext]: { B: ciphertext },
      [names.expiresAt]: { N: String(Math.ceil(end / 1000) + graceSeconds) },
    };
    await orUnavailable(
      dynamodb.send(new PutItemCommand({ TableName: table, Item: item })),
      `table ${table}`,
    );
  }
}

async function openSeal(
  { dynamodb, table, kms, keyId }: SealSource,
  context: SealContext,
): Promise<string | undefined> {
  const command = new GetItemCommand({ TableName: table, Key: sealKey(context), ConsistentRead: true });
  const { Item: item } = await orUnavailable(dynamodb.send(command), `table ${table}`);
  if (!item) return undefined;
  const { keyring, failure } = decryptingKeyring(kms, keyId);
  try {
    const ciphertext = item[names.ciphertext]?.B ?? new Uint8Array();
    const { plaintext, messageHeader } = await encryptionClient.decrypt(keyring, ciphertext);
    if (isSameContext(messageHeader.encryptionContext, contextOf(context))) return plaintext.toString("utf8");
  } catch (error) {
    throw unopened(context, failure(), error);
  }
  throw doesNotOpen(context, "it was sealed for another");
}

async function discardSeal({ dynamodb, table }: SealSource, context: SealContext): Promise<void> {
  const command = new DeleteItemCommand({ TableName: table, Key: sealKey(context) });
  await orUnavailable(dynamodb.send(command), `table ${table}`);
}

/** Hands out materials that were asked for ahead of the token. */
function preparedManager(
  manager: NodeDefaultCryptographicMaterialsManager,
  materials: NodeEncryptionMaterial,
): NodeMaterialsManager {
  return {
    getEncryptionMaterials: async () => materials,
    decryptMaterials: (request) => manager.decryptMaterials(request),
  };
}

/** KMS refusing the wrapped key as altered, and anything the library finds wrong, is the seal's own fault. */
function unopened(context: SealContext, kmsFailure: unknown, error: unknown): unknown {
  if (kmsFailure === undefined) return doesNotOpen(context, "its bytes are not what was sealed", error);
  if (isTransient(kmsFailure)) return unavailable("KMS", kmsFailure);
  const altered = ["InvalidCiphertextException", "IncorrectKeyException"].includes(failureName(kmsFailure));
  return altered ? doesNotOpen(context, "its data key is not what was wrapped", kmsFailure) : kmsFailure;
}

function doesNotOpen(
  { executionArn, redriveCount }: SealContext,
  fact: string,
  cause?: unknown,
): IntegrityError {
  return new IntegrityError(
    "ledger.entry_unreadable",
    `the seal of ${executionArn} redrive ${redriveCount} does not open: ${fact}`,
    { cause },
  );
}

function contextOf({ executionArn, redriveCount }: SealContext): Record<string, string> {
  return { executionArn, redriveCount: String(redriveCount) };
}

function isSameContext(found: Readonly<Record<string, string>>, asked: Record<string, string>): boolean {
  const names = Object.keys(asked);
  return Object.keys(found).length === names.length && names.every((name) => found[name] === asked[name]);
}

function sealKey({ executionArn, grantId }: SealContext): Item {
  return { [names.partition]: { S: `SEAL#${executionArn}#${grantId}` } };
}
