import { AwsError } from "../wire/aws-json.ts";
import { seal, sealOverheadBytes, unseal } from "./aes-gcm.ts";
import { canonicalContext, type EncryptionContext } from "./encryption-context.ts";

// version (1), key id (16), nonce (12), tag (16), ciphertext. The header is authenticated with the context.
const version = 1;
const headerBytes = 17;

/** Encrypts under a key, binding its id and the encryption context. */
export function encryptBlob(
  keyId: string,
  key: Uint8Array,
  plaintext: Uint8Array,
  context: EncryptionContext,
): Buffer {
  const header = Buffer.concat([Buffer.of(version), Buffer.from(keyId.replaceAll("-", ""), "hex")]);
  return Buffer.concat([header, seal(key, plaintext, additionalData(header, context))]);
}

/**
 * The id of the key that a ciphertext was made with, before anything about it is proven.
 *
 * @throws {AwsError} InvalidCiphertextException when it isn't one of ours.
 */
export function keyIdOf(blob: Uint8Array): string {
  if (blob[0] !== version || blob.length < headerBytes + sealOverheadBytes) throw invalidCiphertext();
  const hex = Buffer.from(blob.subarray(1, headerBytes)).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * Decrypts what {@link encryptBlob} made.
 *
 * @throws {AwsError} InvalidCiphertextException when key, bytes or encryption context are others.
 */
export function decryptBlob(key: Uint8Array, blob: Uint8Array, context: EncryptionContext): Buffer {
  const header = blob.subarray(0, headerBytes);
  try {
    return unseal(key, blob.subarray(headerBytes), additionalData(header, context));
  } catch {
    throw invalidCiphertext();
  }
}

/** The refusal of a ciphertext; it never says which part did not fit. */
export function invalidCiphertext(): AwsError {
  return new AwsError("InvalidCiphertextException", "the ciphertext or its encryption context is not valid");
}

function additionalData(header: Uint8Array, context: EncryptionContext): Buffer {
  return Buffer.concat([header, canonicalContext(context)]);
}
