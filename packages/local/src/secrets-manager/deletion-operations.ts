import { z } from "zod";
import { type Operation, operation } from "../wire/aws-json.ts";
import { invalidParameter, notFound } from "./errors.ts";
import { newSecretArn } from "./secret-arn.ts";
import { findSecret, requireLiveSecret, requireSecret, secretReferenceSchema } from "./secret-reference.ts";
import type { SecretStore } from "./secret-store.ts";

const deleteSchema = z.strictObject({
  SecretId: secretReferenceSchema,
  RecoveryWindowInDays: z.int().optional(),
  ForceDeleteWithoutRecovery: z.boolean().default(false),
});

/** DeleteSecret, RestoreSecret. */
export function deletionOperations(
  store: SecretStore,
  now: () => number,
): Readonly<Record<string, Operation>> {
  return {
    DeleteSecret: operation(deleteSchema, (input) => {
      requireOneWay(input);
      return input.ForceDeleteWithoutRecovery
        ? destroySecret(store, input.SecretId, now())
        : markForDeletion(store, input.SecretId, input.RecoveryWindowInDays ?? 30, now());
    }),
    RestoreSecret: operation(z.strictObject({ SecretId: secretReferenceSchema }), ({ SecretId }) => {
      const secret = requireSecret(store, SecretId);
      store.save({ ...secret, deletionAt: null });
      return { ARN: secret.arn, Name: secret.name };
    }),
  };
}

function requireOneWay({
  RecoveryWindowInDays: days,
  ForceDeleteWithoutRecovery: force,
}: z.output<typeof deleteSchema>): void {
  if (force && days !== undefined) {
    throw invalidParameter(
      "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
    );
  }
  if (days !== undefined && (days < 7 || days > 30)) {
    throw invalidParameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).");
  }
}

const dayMs = 86_400_000;

function markForDeletion(store: SecretStore, reference: string, days: number, nowMs: number): unknown {
  const secret = requireLiveSecret(store, reference);
  const deletionAt = nowMs + days * dayMs;
  store.save({ ...secret, deletionAt });
  return { ARN: secret.arn, Name: secret.name, DeletionDate: deletionAt / 1000 };
}

/** As on AWS, a name that stands for no secret is answered as if it had been deleted. */
function destroySecret(store: SecretStore, reference: string, nowMs: number): unknown {
  const secret = findSecret(store, reference);
  if (!secret && reference.startsWith("arn:")) throw notFound();
  if (secret) store.remove(secret.arn);
  const { arn, name } = secret ?? { arn: newSecretArn(reference), name: reference };
  return { ARN: arn, Name: name, DeletionDate: nowMs / 1000 };
}
