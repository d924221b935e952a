import { randomUUID } from "node:crypto";
import { z } from "zod";
import { type Operation, operation } from "../wire/aws-json.ts";
import { invalidParameter, invalidRequest, notFound } from "./errors.ts";
import { cutPage, pagingSchema } from "./page.ts";
import { requireLiveSecret, requireSecret, secretReferenceSchema } from "./secret-reference.ts";
import type { Secret, SecretStore, SecretVersion } from "./secret-store.ts";
import { openValue, type ValueCipher, valueIn, valueSchema, wireValue } from "./secret-value.ts";
import { current, putVersion, updateLabel, versionsToStages } from "./versioning.ts";

export interface OperationDeps {
  readonly store: SecretStore;
  readonly cipher: ValueCipher;
  readonly now: () => number;
}

const versionIdSchema = z.string().min(32).max(64).optional();
const labelSchema = z.string().min(1).max(256);

/** The idempotency token of a request, which becomes the version id. */
export const tokenSchema = z
  .string()
  .min(32)
  .max(64)
  .default(() => randomUUID());

/** GetSecretValue, PutSecretValue, UpdateSecretVersionStage, ListSecretVersionIds. */
export function valueOperations(deps: OperationDeps): Readonly<Record<string, Operation>> {
  const { store, cipher, now } = deps;
  return {
    GetSecretValue: operation(
      z.strictObject({
        SecretId: secretReferenceSchema,
        VersionId: versionIdSchema,
        VersionStage: labelSchema.optional(),
      }),
      (input) =>
        getValue(deps, requireLiveSecret(store, input.SecretId), input.VersionId, input.VersionStage),
    ),
    PutSecretValue: operation(
      z.strictObject({
        SecretId: secretReferenceSchema,
        ClientRequestToken: tokenSchema,
        ...valueSchema,
        VersionStages: z.array(labelSchema).min(1).max(20).optional(),
      }),
      (input) => {
        const secret = requireLiveSecret(store, input.SecretId);
        const value = valueIn(input);
        if (!value) throw invalidParameter("You must provide either SecretString or SecretBinary.");
        const versionId = input.ClientRequestToken;
        putVersion(store, cipher, secret, { versionId, value, labels: input.VersionStages }, now());
        const VersionStages = versionsToStages(store, secret.arn)[versionId] ?? [];
        return { ARN: secret.arn, Name: secret.name, VersionId: versionId, VersionStages };
      },
    ),
    UpdateSecretVersionStage: operation(
      z.strictObject({
        SecretId: secretReferenceSchema,
        VersionStage: labelSchema,
        RemoveFromVersionId: versionIdSchema,
        MoveToVersionId: versionIdSchema,
      }),
      (input) => {
        const secret = requireLiveSecret(store, input.SecretId);
        const { VersionStage: label, RemoveFromVersionId: from, MoveToVersionId: to } = input;
        updateLabel(store, secret.arn, { label, from, to });
        store.save({ ...secret, changedAt: now() });
        return { ARN: secret.arn, Name: secret.name };
      },
    ),
    ListSecretVersionIds: operation(
      z.strictObject({
        SecretId: secretReferenceSchema,
        IncludeDeprecated: z.boolean().default(false),
        ...pagingSchema,
      }),
      (input) => {
        const secret = requireSecret(store, input.SecretId);
        const stages = versionsToStages(store, secret.arn);
        const versions = store
          .listVersions(secret.arn)
          .filter(({ versionId }) => input.IncludeDeprecated || stages[versionId]);
        const page = cutPage(versions, ({ sequence }) => sequence, input);
        const Versions = page.items.map((version) => describeVersion(version, stages));
        return { ARN: secret.arn, Name: secret.name, Versions, NextToken: page.nextToken };
      },
    ),
  };
}

function getValue(
  deps: OperationDeps,
  secret: Secret,
  versionId: string | undefined,
  label: string | undefined,
): unknown {
  const { store, cipher, now } = deps;
  const version = findVersion(store, secret.arn, versionId, label);
  touch(store, secret, version, now());
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.versionId,
    VersionStages: versionsToStages(store, secret.arn)[version.versionId] ?? [],
    ...wireValue(openValue(cipher, version)),
    CreatedDate: version.createdAt / 1000,
  };
}

function findVersion(
  store: SecretStore,
  arn: string,
  versionId: string | undefined,
  label: string | undefined,
): SecretVersion {
  const labelled = store.labels(arn).get(label ?? current);
  const wanted = versionId ?? labelled;
  const version = wanted === undefined ? undefined : store.findVersion(arn, wanted);
  if (!version) {
    const sought = versionId === undefined ? `staging label: ${label ?? current}` : `VersionId: ${versionId}`;
    throw notFound(`Secrets Manager can't find the specified secret value for ${sought}`);
  }
  if (label !== undefined && labelled !== version.versionId) {
    throw invalidRequest("You provided a VersionStage that is not associated to the provided VersionId.");
  }
  return version;
}

const dayMs = 86_400_000;

/** AWS keeps the day alone, which also spares a write for most reads. */
function touch(store: SecretStore, secret: Secret, version: SecretVersion, nowMs: number): void {
  const today = nowMs - (nowMs % dayMs);
  if (version.accessedAt !== today) store.touch(secret.arn, version.versionId, today);
  if (secret.accessedAt !== today) store.save({ ...secret, accessedAt: today });
}

function describeVersion(
  version: SecretVersion,
  stages: Readonly<Record<string, readonly string[]>>,
): unknown {
  return {
    VersionId: version.versionId,
    VersionStages: stages[version.versionId],
    CreatedDate: version.createdAt / 1000,
    LastAccessedDate: version.accessedAt === null ? undefined : version.accessedAt / 1000,
  };
}
