import { createHmac } from "node:crypto";

/** A key for keyed digests. Old keys are kept until the longest token expiry. */
export interface FingerprintKey {
  readonly keyId: string;
  readonly key: Uint8Array;
}

/** What identifies a token without being it. */
export type FingerprintSource =
  | { readonly iss: string; readonly jti: string }
  | { readonly signingInput: string }
  | { readonly opaque: string };

/**
 * A keyed digest that names a token in the ledger: `v1.<keyId>.<base64url>`.
 *
 * Over `iss` and `jti`; without `jti` over the JWS signing input, never the signature, because an ECDSA
 * signature can be altered and still verify; over the whole token when it is opaque.
 */
export function tokenFingerprint(source: FingerprintSource, { keyId, key }: FingerprintKey): string {
  const mac = createHmac("sha256", key)
    .update(JSON.stringify(labelled(source)))
    .digest("base64url");
  return `v1.${keyId}.${mac}`;
}

function labelled(source: FingerprintSource): readonly string[] {
  if ("jti" in source) return ["jti", source.iss, source.jti];
  if ("signingInput" in source) return ["jws", source.signingInput];
  return ["opaque", source.opaque];
}
