import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { Cipher } from "../options.ts";

/** AES-256-GCM with the context as additional data, as KMS binds an encryption context. */
export function aesCipher(key: Uint8Array): Cipher {
  return {
    encrypt(plaintext, context) {
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(JSON.stringify(context)));
      const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
      return Buffer.concat([iv, sealed, cipher.getAuthTag()]);
    },
    decrypt(ciphertext, context) {
      const sealed = Buffer.from(ciphertext);
      const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12))
        .setAAD(Buffer.from(JSON.stringify(context)))
        .setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    },
  };
}
