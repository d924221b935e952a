import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;

/** Bytes that sealing adds to a plaintext. */
export const sealOverheadBytes = nonceBytes + tagBytes;

/** Encrypts with AES-256-GCM under a random nonce: nonce, tag, ciphertext. */
export function seal(key: Uint8Array, plaintext: Uint8Array, additionalData: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(additionalData);
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

/** Decrypts what {@link seal} made; throws when key, bytes or additional data are others. */
export function unseal(key: Uint8Array, sealed: Uint8Array, additionalData: Uint8Array): Buffer {
  if (sealed.length < sealOverheadBytes) throw new Error("sealed bytes are too short");
  const nonce = sealed.subarray(0, nonceBytes);
  const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
  decipher.setAuthTag(sealed.subarray(nonceBytes, sealOverheadBytes));
  decipher.setAAD(additionalData);
  return Buffer.concat([decipher.update(sealed.subarray(sealOverheadBytes)), decipher.final()]);
}
