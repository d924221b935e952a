import { createHash, generateKeyPairSync, sign, verify } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { signDigest, verifyDigest } from "./ecdsa-digest.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const messages = fc.uint8Array({ maxLength: 100 });
const digestOf = (message: Uint8Array) => createHash("sha256").update(message).digest();

describe("ECDSA over a digest", () => {
  it("makes signatures that OpenSSL verifies over the message", () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(verify("sha256", message, publicKey, signDigest(privateKey, digestOf(message)))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it("verifies signatures that OpenSSL made over the message, and no others", () => {
    fc.assert(
      fc.property(messages, fc.nat(), (message, at) => {
        const signature = sign("sha256", message, privateKey);
        expect(verifyDigest(publicKey, digestOf(message), signature)).toBe(true);
        const changed = Buffer.from(signature);
        changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ 1;
        expect(verifyDigest(publicKey, digestOf(message), changed)).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  it("refuses bytes that are no signature", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(verifyDigest(publicKey, Buffer.alloc(32), bytes)).toBe(false);
      }),
    );
  });

  it("refuses zero and numbers beyond the group's order", () => {
    const digest = Buffer.alloc(32);
    const order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    for (const der of ["3006020100020100", `3026022100${order}020101`, `3026020101022100${order}`]) {
      expect(verifyDigest(publicKey, digest, Buffer.from(der, "hex"))).toBe(false);
    }
  });
});
