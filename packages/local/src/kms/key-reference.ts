import { z } from "zod";
import { account, region } from "../wire/account.ts";
import { AwsError } from "../wire/aws-json.ts";
import { type KeyUsage, specFacts } from "./key-spec.ts";
import type { Key, KeyStore } from "./key-store.ts";

/** A `KeyId` parameter: key id, key ARN, alias name or alias ARN. */
export const keyReferenceSchema = z.string().min(1).max(2048);

const arnPrefix = `arn:aws:kms:${region}:${account}:`;

/** The ARN of a key. */
export function keyArn(id: string): string {
  return `${arnPrefix}key/${id}`;
}

/** The ARN of an alias, whose name begins with `alias/`. */
export function aliasArn(name: string): string {
  return `${arnPrefix}${name}`;
}

/**
 * Finds the key that a reference means.
 *
 * @throws {AwsError} NotFoundException.
 */
export function requireKey(keys: KeyStore, reference: string): Key {
  const name = withoutArn(reference);
  if (!name.startsWith("alias/")) return requireKeyById(keys, reference);
  const alias = keys.findAlias(name);
  const key = alias && keys.find(alias.keyId);
  if (!key) throw new AwsError("NotFoundException", `Alias ${aliasArn(name)} is not found.`);
  return key;
}

/**
 * Finds a key where AWS takes its id or ARN but no alias.
 *
 * @throws {AwsError} NotFoundException.
 */
export function requireKeyById(keys: KeyStore, reference: string): Key {
  const name = withoutArn(reference);
  const id = name === reference ? name : name.replace(/^key\//, "");
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) {
    throw new AwsError("NotFoundException", `Invalid keyId '${reference}'`);
  }
  const key = keys.find(id);
  if (!key) throw new AwsError("NotFoundException", `Key '${keyArn(id)}' does not exist`);
  return key;
}

/**
 * Finds a key and makes sure that it can be used for `operation`.
 *
 * @throws {AwsError} NotFoundException, DisabledException, KMSInvalidStateException, InvalidKeyUsageException.
 */
export function requireUsableKey(keys: KeyStore, reference: string, usage: KeyUsage, operation: string): Key {
  const key = requireKey(keys, reference);
  requireUsable(key, usage, operation);
  return key;
}

/** See {@link requireUsableKey}. */
export function requireUsable(key: Key, usage: KeyUsage, operation: string): void {
  const arn = keyArn(key.id);
  requireNotPendingDeletion(key);
  if (key.state === "Disabled") throw new AwsError("DisabledException", `${arn} is disabled.`);
  const actual = specFacts[key.spec].usage;
  if (actual !== usage) {
    throw new AwsError(
      "InvalidKeyUsageException",
      `${arn} key usage is ${actual} which is not valid for ${operation}.`,
    );
  }
}

/**
 * Refuses a key that waits for its deletion.
 *
 * @throws {AwsError} KMSInvalidStateException.
 */
export function requireNotPendingDeletion(key: Key): void {
  if (key.state !== "PendingDeletion") return;
  throw new AwsError("KMSInvalidStateException", `${keyArn(key.id)} is pending deletion.`);
}

function withoutArn(reference: string): string {
  return reference.startsWith(arnPrefix) ? reference.slice(arnPrefix.length) : reference;
}
