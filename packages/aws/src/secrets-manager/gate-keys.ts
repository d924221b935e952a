import { createSecretKey } from "node:crypto";
import { InvalidInputError } from "@countersign/core/error/errors";
import type { FingerprintKey } from "@countersign/core/token/fingerprint";

/** The gate's own keys: for execution names, and for token fingerprints. */
export interface GateKeys {
  readonly gateKey: Uint8Array;
  readonly fingerprint: FingerprintKey;
}

const minKeyBytes = 32;

/**
 * Reads the gate's keys from their secret: JSON with `keyId`, and `gateKey` and `fingerprintKey` in base64.
 *
 * @throws {InvalidInputError} `config.invalid`, naming the field and never its value.
 */
export function parseGateKeys(secret: string): GateKeys {
  const fields = parseObject(secret);
  const keyId = fields["keyId"];
  if (typeof keyId !== "string" || !/^[A-Za-z0-9_-]{1,32}$/.test(keyId)) {
    throw invalid("keyId", "is not 1 to 32 letters, digits, - or _");
  }
  return {
    gateKey: keyBytes("gateKey", fields["gateKey"]),
    fingerprint: { keyId, key: createSecretKey(keyBytes("fingerprintKey", fields["fingerprintKey"])) },
  };
}

function parseObject(secret: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(secret);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // The parser's message would quote the secret.
  }
  throw invalid("keys", "is not a JSON object");
}

function keyBytes(field: string, value: unknown): Uint8Array {
  if (typeof value !== "string" || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(value)) {
    throw invalid(field, "is not base64");
  }
  const bytes = Buffer.from(value, "base64");
  if (bytes.length < minKeyBytes) {
    throw invalid(field, `is ${bytes.length} bytes, expected at least ${minKeyBytes}`);
  }
  return bytes;
}

function invalid(field: string, fact: string): InvalidInputError {
  return new InvalidInputError("config.invalid", `"${field}" of the gate's keys ${fact}`, { field });
}
