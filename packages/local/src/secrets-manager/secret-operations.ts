import { z } from "zod";
import { AwsError, type Operation, operation } from "../wire/aws-json.ts";
import { alreadyExists, invalidRequest } from "./errors.ts";
import { cutPage, pagingSchema } from "./page.ts";
import { newSecretArn } from "./secret-arn.ts";
import { requireLiveSecret, requireSecret, secretReferenceSchema } from "./secret-reference.ts";
import type { Secret } from "./secret-store.ts";
import { type SecretValue, valueIn, valueSchema } from "./secret-value.ts";
import { addTags, tagsSchema, wireTags } from "./tags.ts";
import { type OperationDeps, tokenSchema } from "./value-operations.ts";
import { isRepeated, putVersion, versionsToStages } from "./versioning.ts";

const descriptionSchema = z.string().max(2048).optional();

const createSchema = z.strictObject({
  Name: z.string().min(1).max(512),
  ClientRequestToken: tokenSchema,
  Description: descriptionSchema,
  ...valueSchema,
  Tags: tagsSchema.optional(),
});

/** CreateSecret, UpdateSecret, DescribeSecret, ListSecrets. */
export function secretOperations(deps: OperationDeps): Readonly<Record<string, Operation>> {
  const { store, cipher, now } = deps;
  return {
    CreateSecret: operation(createSchema, (input) => createSecret(deps, input)),
    UpdateSecret: operation(
      z.strictObject({
        SecretId: secretReferenceSchema,
        ClientRequestToken: tokenSchema,
        Description: descriptionSchema,
        ...valueSchema,
      }),
      (input) => {
        const value = valueIn(input);
        const secret = describedAnew(requireLiveSecret(store, input.SecretId), input.Description, now());
        store.save(secret);
        if (!value) return { ARN: secret.arn, Name: secret.name };
        putVersion(store, cipher, secret, { versionId: input.ClientRequestToken, value }, now());
        return { ARN: secret.arn, Name: secret.name, VersionId: input.ClientRequestToken };
      },
    ),
    DescribeSecret: operation(z.strictObject({ SecretId: secretReferenceSchema }), ({ SecretId }) => {
      const secret = requireSecret(store, SecretId);
      return { ...describe(secret), VersionIdsToStages: versionsToStages(store, secret.arn) };
    }),
    ListSecrets: operation(
      z.strictObject({ IncludePlannedDeletion: z.boolean().default(false), ...pagingSchema }),
      (input) => {
        const secrets = store
          .list()
          .filter(({ deletionAt }) => input.IncludePlannedDeletion || deletionAt === null);
        const page = cutPage(secrets, ({ name }) => name, input);
        const SecretList = page.items.map((secret) => ({
          ...describe(secret),
          SecretVersionsToStages: versionsToStages(store, secret.arn),
        }));
        return { SecretList, NextToken: page.nextToken };
      },
    ),
  };
}

function createSecret(deps: OperationDeps, input: z.output<typeof createSchema>): unknown {
  requireName(input.Name);
  const value = valueIn(input);
  const repeated = findRepeated(deps, input.Name, input.ClientRequestToken, value);
  const secret = repeated ?? newSecret(input.Name, input.Description, deps.now());
  const answer = { ARN: secret.arn, Name: secret.name };
  if (!repeated) deps.store.save({ ...secret, tags: addTags({}, input.Tags ?? []) });
  if (!value) return answer;
  const stored = requireSecret(deps.store, secret.arn);
  putVersion(deps.store, deps.cipher, stored, { versionId: input.ClientRequestToken, value }, deps.now());
  return { ...answer, VersionId: input.ClientRequestToken };
}

function requireName(name: string): void {
  if (/^[A-Za-z0-9/_+=.@!-]+$/.test(name)) return;
  throw new AwsError(
    "ValidationException",
    "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
  );
}

/** The secret an earlier attempt of this very request has made. */
function findRepeated(
  { store, cipher }: OperationDeps,
  name: string,
  versionId: string,
  value: SecretValue | undefined,
): Secret | undefined {
  const existing = store.findByName(name);
  if (!existing) return undefined;
  if (existing.deletionAt !== null) {
    throw invalidRequest(
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
  }
  if (value && isRepeated(store, cipher, existing.arn, { versionId, value })) return existing;
  throw alreadyExists(`The operation failed because the secret ${name} already exists.`);
}

function newSecret(name: string, description: string | undefined, nowMs: number): Secret {
  return {
    arn: newSecretArn(name),
    name,
    description: description ?? null,
    tags: {},
    createdAt: nowMs,
    changedAt: nowMs,
    accessedAt: null,
    deletionAt: null,
  };
}

function describedAnew(secret: Secret, description: string | undefined, nowMs: number): Secret {
  return description === undefined ? secret : { ...secret, description, changedAt: nowMs };
}

function describe(secret: Secret) {
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description ?? undefined,
    CreatedDate: secret.createdAt / 1000,
    LastChangedDate: secret.changedAt / 1000,
    LastAccessedDate: secret.accessedAt === null ? undefined : secret.accessedAt / 1000,
    DeletedDate: secret.deletionAt === null ? undefined : secret.deletionAt / 1000,
    Tags: wireTags(secret.tags),
  };
}
