import { z } from "zod";
import { invalidRequest, notFound } from "./errors.ts";
import { nameInReference } from "./secret-arn.ts";
import type { Secret, SecretStore } from "./secret-store.ts";

/** A `SecretId` parameter: name, ARN, or ARN without its six last characters. */
export const secretReferenceSchema = z.string().min(1).max(2048);

/** Finds the secret that a reference means, marked for deletion or not. */
export function findSecret(secrets: SecretStore, reference: string): Secret | undefined {
  return secrets.findByArn(reference) ?? secrets.findByName(nameInReference(reference));
}

/**
 * Finds a secret, marked for deletion or not.
 *
 * @throws {AwsError} ResourceNotFoundException.
 */
export function requireSecret(secrets: SecretStore, reference: string): Secret {
  const secret = findSecret(secrets, reference);
  if (!secret) throw notFound();
  return secret;
}

/**
 * Finds a secret that can be read and changed.
 *
 * @throws {AwsError} ResourceNotFoundException, InvalidRequestException when it is marked for deletion.
 */
export function requireLiveSecret(secrets: SecretStore, reference: string): Secret {
  const secret = requireSecret(secrets, reference);
  if (secret.deletionAt === null) return secret;
  throw invalidRequest("You can't perform this operation on the secret because it was marked for deletion.");
}
