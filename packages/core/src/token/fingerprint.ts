import { createHmac, type KeyObject } from "node:crypto";

/** A key for keyed digests. Old keys are kept until the longest token expiry. */
export interface FingerprintKey {
  readonly keyId: string;
  readonly key: KeyObject;
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

/** The fingerprint of a token a provider has just issued: as the verifier makes it when the token is presented. */
export function issuedTokenFingerprint(token: string, issuer: string, key: FingerprintKey): string {
  return tokenFingerprint(sourceOf(token, issuer), key);
}

function sourceOf(token: string, iss: string): FingerprintSource {
  const [header, payload, signature, ...more] = token.split(".");
  if (!header || !payload || !signature || more.length > 0) return { opaque: token };
  const jti = claimsOf(payload)?.["jti"];
  return typeof jti === "string" && jti !== "" ? { iss, jti } : { signingInput: `${header}.${payload}` };
}

function claimsOf(payload: string): Record<string, unknown> | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function labelled(source: FingerprintSource): readonly string[] {
  if ("jti" in source) return ["jti", source.iss, source.jti];
  if ("signingInput" in source) return ["jws", source.signingInput];
  return ["opaque", source.opaque];
}
