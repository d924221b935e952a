import { timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { invalidParameter } from "./errors.ts";
import type { SecretVersion, ValueKind } from "./secret-store.ts";

/** Encrypts values at rest; a value opens only under the context it was sealed with. */
export interface ValueCipher {
  encrypt(plaintext: Uint8Array, context: Readonly<Record<string, string>>): Uint8Array;
  /** @throws when bytes or context are others. */
  decrypt(ciphertext: Uint8Array, context: Readonly<Record<string, string>>): Uint8Array;
}

/** A secret's value, text or bytes. */
export interface SecretValue {
  readonly kind: ValueKind;
  readonly bytes: Uint8Array;
}

const largestValueBytes = 65_536;

/** The value parameters of a request. */
export const valueSchema = {
  SecretString: z.string().min(1).optional(),
  SecretBinary: z.base64().min(1).optional(),
};

interface ValueRequest {
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: string | undefined;
}

/**
 * The value in a request, `undefined` when it has none.
 *
 * @throws {AwsError} InvalidParameterException when it has two, or one over 64 KiB.
 */
export function valueIn({ SecretString, SecretBinary }: ValueRequest): SecretValue | undefined {
  if (SecretString !== undefined && SecretBinary !== undefined) {
    throw invalidParameter(
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  }
  const bytes = SecretString === undefined ? decodeBase64(SecretBinary) : Buffer.from(SecretString, "utf8");
  if (!bytes) return undefined;
  if (bytes.length > largestValueBytes) {
    throw invalidParameter(
      `The secret value has ${bytes.length} bytes, at most ${largestValueBytes} are allowed.`,
    );
  }
  return { kind: SecretString === undefined ? "binary" : "string", bytes };
}

function decodeBase64(text: string | undefined): Buffer | undefined {
  return text === undefined ? undefined : Buffer.from(text, "base64");
}

type Place = Pick<SecretVersion, "arn" | "versionId" | "kind">;

/** Seals a value for one version of one secret, so that sealed values can't be exchanged. */
export function sealValue(cipher: ValueCipher, place: Place, value: SecretValue): Uint8Array {
  return cipher.encrypt(value.bytes, contextOf(place));
}

/** Opens the value of a version. */
export function openValue(cipher: ValueCipher, version: SecretVersion): SecretValue {
  return { kind: version.kind, bytes: cipher.decrypt(version.sealed, contextOf(version)) };
}

/** True when two values are of one kind and byte for byte the same. */
export function isSameValue(left: SecretValue, right: SecretValue): boolean {
  if (left.kind !== right.kind || left.bytes.length !== right.bytes.length) return false;
  return timingSafeEqual(left.bytes, right.bytes);
}

/** A value as the wire carries it. */
export function wireValue({ kind, bytes }: SecretValue): ValueRequest {
  const buffer = Buffer.from(bytes);
  return kind === "string"
    ? { SecretString: buffer.toString("utf8") }
    : { SecretBinary: buffer.toString("base64") };
}

function contextOf({ arn, versionId, kind }: Place): Record<string, string> {
  return { SecretARN: arn, SecretVersionId: versionId, kind };
}
