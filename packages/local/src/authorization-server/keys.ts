import {
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
  randomUUID,
} from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { JWK } from "oidc-provider";
import type { Cipher } from "./options.ts";

/** What the server signs with; made once, and the same after every restart. */
export interface ServerKeys {
  signing: { jwk: JWK; kid: string; publicKey: KeyObject };
  cookies: string[];
  /** Keys the hashes of client secrets, so that a weak secret can't be guessed from the database alone. */
  clientSecretHash: Buffer;
}

interface StoredKeys {
  signing: JWK & { kid: string };
  cookies: string[];
  clientSecretHash: string;
}

const sealContext = { service: "authorization-server", purpose: "keys" };

/**
 * Reads the server's keys, or makes and stores them on the first start.
 *
 * Private keys reach the disk only under `cipher`.
 */
export function openServerKeys(database: DatabaseSync, cipher: Cipher): ServerKeys {
  database.exec(
    "CREATE TABLE IF NOT EXISTS authorization_server_key (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID",
  );
  const read = database.prepare("SELECT sealed FROM authorization_server_key WHERE name = 'server'");
  if (!read.get()) {
    database
      .prepare(
        "INSERT INTO authorization_server_key (name, sealed) VALUES ('server', ?) ON CONFLICT DO NOTHING",
      )
      .run(cipher.encrypt(Buffer.from(JSON.stringify(generateKeys())), sealContext));
  }
  const { sealed } = read.get() as { sealed: Uint8Array };
  return parseKeys(Buffer.from(cipher.decrypt(sealed, sealContext)).toString("utf8"));
}

function generateKeys(): StoredKeys {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = privateKey.export({ format: "jwk" }) as JWK;
  return {
    signing: { ...jwk, kid: randomUUID(), alg: "ES256", use: "sig" },
    cookies: [randomBytes(32).toString("base64url")],
    clientSecretHash: randomBytes(32).toString("base64url"),
  };
}

function parseKeys(json: string): ServerKeys {
  const { signing, cookies, clientSecretHash } = JSON.parse(json) as StoredKeys;
  const { kty, crv, x, y } = signing;
  return {
    signing: {
      jwk: signing,
      kid: signing.kid,
      publicKey: createPublicKey({ key: { kty, crv, x, y } as JsonWebKey, format: "jwk" }),
    },
    cookies,
    clientSecretHash: Buffer.from(clientSecretHash, "base64url"),
  };
}
