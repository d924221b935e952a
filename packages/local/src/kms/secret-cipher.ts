import { hkdfSync } from "node:crypto";
import { seal, unseal } from "./aes-gcm.ts";
import { canonicalContext, type EncryptionContext } from "./encryption-context.ts";
import { rootKeyBytes } from "./root-key.ts";

/** Encrypts what another stand-in keeps at rest; the context must be the same to decrypt. */
export interface SecretCipher {
  encrypt(plaintext: Uint8Array, context: EncryptionContext): Uint8Array;
  /** @throws when bytes or context are others. */
  decrypt(ciphertext: Uint8Array, context: EncryptionContext): Uint8Array;
}

/** A cipher under a key of its own, derived from the root key (HKDF, RFC 5869). */
export function createSecretCipher(rootKey: Uint8Array): SecretCipher {
  const key = new Uint8Array(hkdfSync("sha256", rootKey, "", "local secrets at rest v1", rootKeyBytes));
  return {
    encrypt: (plaintext, context) => seal(key, plaintext, canonicalContext(context)),
    decrypt: (ciphertext, context) => unseal(key, ciphertext, canonicalContext(context)),
  };
}
