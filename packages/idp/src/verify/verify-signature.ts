import { RefusedError, UnavailableError } from "@countersign/core/error/errors";
import { compactVerify, errors } from "jose";
import type { SigningKey } from "./signing-keys.ts";

/**
 * Verifies a compact JWS with the one algorithm its header was admitted with (RFC 7515 §5.2).
 *
 * @throws {RefusedError} `token.signature_invalid`, `token.header_refused` or `token.malformed`.
 * @throws {UnavailableError} `provider.unavailable` when the issuer's key is none to verify with.
 */
export async function verifySignature(raw: string, key: SigningKey, alg: string): Promise<void> {
  try {
    await compactVerify(raw, key, { algorithms: [alg] });
  } catch (error) {
    throw translate(error);
  }
}

function translate(error: unknown): RefusedError | UnavailableError {
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return new RefusedError("token.signature_invalid", "the signature does not verify");
  }
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported) {
    return new RefusedError("token.header_refused", "the header asks for what is not supported", {
      field: "alg",
    });
  }
  if (error instanceof errors.JWSInvalid)
    return new RefusedError("token.malformed", "the token is not a JWS");
  // What is left concerns the key alone, such as an RSA key under 2048 bits.
  const name = error instanceof Error ? error.name : "Error";
  return new UnavailableError("provider.unavailable", "the issuer's key can't verify a signature", {
    cause: Object.assign(new Error("the key was refused"), { name }),
  });
}
