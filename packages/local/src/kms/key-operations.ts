import { randomUUID } from "node:crypto";
import { z } from "zod";
import { account } from "../wire/account.ts";
import { AwsError, type Operation, operation } from "../wire/aws-json.ts";
import {
  keyArn,
  keyReferenceSchema,
  requireKey,
  requireKeyById,
  requireNotPendingDeletion,
} from "./key-reference.ts";
import { type KeySpec, type KeyUsage, keySpecs, specFacts } from "./key-spec.ts";
import type { Key, KeyStore } from "./key-store.ts";
import { cutPage, pagingSchema } from "./page.ts";
import { wireTime } from "./wire-schema.ts";

const keyOnly = z.strictObject({ KeyId: keyReferenceSchema });

const createKeySchema = z.strictObject({
  Description: z.string().max(8192).default(""),
  KeySpec: z.enum(keySpecs).default("SYMMETRIC_DEFAULT"),
  KeyUsage: z.enum(["ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC"]).optional(),
  Origin: z.literal("AWS_KMS").optional(),
  MultiRegion: z.literal(false).optional(),
});

/** CreateKey, DescribeKey, ListKeys, EnableKey, DisableKey, ScheduleKeyDeletion, CancelKeyDeletion. */
export function keyOperations(keys: KeyStore, now: () => number): Readonly<Record<string, Operation>> {
  return {
    CreateKey: operation(createKeySchema, (input) => {
      requireFittingUsage(input.KeySpec, input.KeyUsage);
      const key = newKey(input.KeySpec, input.Description, now());
      keys.add(key, specFacts[input.KeySpec].generate());
      return { KeyMetadata: metadata(key) };
    }),
    DescribeKey: operation(keyOnly, ({ KeyId }) => ({ KeyMetadata: metadata(requireKey(keys, KeyId)) })),
    ListKeys: operation(z.strictObject(pagingSchema), (input) => {
      const { items, marks } = cutPage(keys.list(), ({ id }) => id, input);
      return { Keys: items.map(({ id }) => ({ KeyId: id, KeyArn: keyArn(id) })), ...marks };
    }),
    EnableKey: operation(keyOnly, ({ KeyId }) => switchKey(keys, KeyId, "Enabled")),
    DisableKey: operation(keyOnly, ({ KeyId }) => switchKey(keys, KeyId, "Disabled")),
    ScheduleKeyDeletion: operation(
      z.strictObject({ KeyId: keyReferenceSchema, PendingWindowInDays: z.int().min(7).max(30).default(30) }),
      (input) => scheduleDeletion(keys, input.KeyId, input.PendingWindowInDays, now()),
    ),
    CancelKeyDeletion: operation(keyOnly, ({ KeyId }) => cancelDeletion(keys, KeyId)),
  };
}

function requireFittingUsage(spec: KeySpec, usage: KeyUsage | undefined): void {
  if (usage === undefined && spec !== "SYMMETRIC_DEFAULT") {
    throw new AwsError(
      "ValidationException",
      "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
    );
  }
  if (usage !== undefined && usage !== specFacts[spec].usage) {
    throw new AwsError("ValidationException", `KeyUsage ${usage} is not compatible with KeySpec ${spec}`);
  }
}

function newKey(spec: KeySpec, description: string, createdAt: number): Key {
  return {
    id: randomUUID(),
    spec,
    description,
    createdAt,
    state: "Enabled",
    deletionAt: null,
    publicKey: null,
  };
}

function switchKey(keys: KeyStore, reference: string, state: "Enabled" | "Disabled"): void {
  const key = requireKeyById(keys, reference);
  requireNotPendingDeletion(key);
  keys.setState(key.id, state, null);
}

const dayMs = 86_400_000;

function scheduleDeletion(keys: KeyStore, reference: string, days: number, nowMs: number): unknown {
  const key = requireKeyById(keys, reference);
  requireNotPendingDeletion(key);
  const deletionAt = nowMs + days * dayMs;
  keys.setState(key.id, "PendingDeletion", deletionAt);
  return {
    KeyId: keyArn(key.id),
    DeletionDate: wireTime(deletionAt),
    KeyState: "PendingDeletion",
    PendingWindowInDays: days,
  };
}

/** The key comes back disabled, as on AWS. */
function cancelDeletion(keys: KeyStore, reference: string): unknown {
  const key = requireKeyById(keys, reference);
  if (key.state !== "PendingDeletion") {
    throw new AwsError("KMSInvalidStateException", `${keyArn(key.id)} is not pending deletion.`);
  }
  keys.setState(key.id, "Disabled", null);
  return { KeyId: keyArn(key.id) };
}

function metadata(key: Key): unknown {
  const { usage, algorithms } = specFacts[key.spec];
  return {
    AWSAccountId: account,
    KeyId: key.id,
    Arn: keyArn(key.id),
    CreationDate: wireTime(key.createdAt),
    Enabled: key.state === "Enabled",
    Description: key.description,
    KeyUsage: usage,
    KeyState: key.state,
    DeletionDate: key.deletionAt === null ? undefined : wireTime(key.deletionAt),
    Origin: "AWS_KMS",
    KeyManager: "CUSTOMER",
    KeySpec: key.spec,
    CustomerMasterKeySpec: key.spec,
    ...algorithms,
    MultiRegion: false,
  };
}
