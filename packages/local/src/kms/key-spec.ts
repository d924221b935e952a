import { generateKeyPairSync, randomBytes } from "node:crypto";

export type KeyUsage = "ENCRYPT_DECRYPT" | "SIGN_VERIFY" | "GENERATE_VERIFY_MAC";
export type KeySpec = "SYMMETRIC_DEFAULT" | "ECC_NIST_EDWARDS25519" | "ECC_NIST_P256" | "HMAC_256";

/** The key specs that can be made here. */
export const keySpecs = ["SYMMETRIC_DEFAULT", "ECC_NIST_EDWARDS25519", "ECC_NIST_P256", "HMAC_256"] as const;

/** New key material: secret bytes (PKCS #8 for a key pair), and the public key as SubjectPublicKeyInfo. */
export interface KeyMaterial {
  readonly secret: Buffer;
  readonly publicKey?: Buffer;
}

interface SpecFacts {
  readonly usage: KeyUsage;
  /** What key metadata says the key can do, under the name of its list. */
  readonly algorithms: Readonly<Record<string, readonly string[]>>;
  readonly generate: () => KeyMaterial;
}

/** What each key spec is for. */
export const specFacts: Readonly<Record<KeySpec, SpecFacts>> = {
  SYMMETRIC_DEFAULT: {
    usage: "ENCRYPT_DECRYPT",
    algorithms: { EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"] },
    generate: () => ({ secret: randomBytes(32) }),
  },
  ECC_NIST_EDWARDS25519: {
    usage: "SIGN_VERIFY",
    algorithms: { SigningAlgorithms: ["ED25519_SHA_512"] },
    generate: () => exported(generateKeyPairSync("ed25519")),
  },
  ECC_NIST_P256: {
    usage: "SIGN_VERIFY",
    algorithms: { SigningAlgorithms: ["ECDSA_SHA_256"] },
    generate: () => exported(generateKeyPairSync("ec", { namedCurve: "P-256" })),
  },
  HMAC_256: {
    usage: "GENERATE_VERIFY_MAC",
    algorithms: { MacAlgorithms: ["HMAC_SHA_256"] },
    generate: () => ({ secret: randomBytes(32) }),
  },
};

function exported(pair: ReturnType<typeof generateKeyPairSync>): KeyMaterial {
  return {
    secret: pair.privateKey.export({ type: "pkcs8", format: "der" }),
    publicKey: pair.publicKey.export({ type: "spki", format: "der" }),
  };
}
