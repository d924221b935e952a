import { createHmac, randomBytes, randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { AuthorizationServerError } from "./errors.ts";

/** A secret a client can authenticate with, by its id; the secret itself is not kept. */
export interface ClientSecretRecord {
  secretId: string;
  createdAt: Date;
  /** From when it is refused; absent: until it is retired. */
  endsAt?: Date;
}

/** The only time a secret is readable. */
export interface IssuedClientSecret extends ClientSecretRecord {
  secret: string;
}

interface SecretRow {
  secret_id: string;
  created_at: number;
  ends_at: number | null;
}

const table = "authorization_server_client_secret";

const schema = `
CREATE TABLE IF NOT EXISTS ${table} (
  client_id TEXT NOT NULL,
  secret_id TEXT NOT NULL,
  secret_hash TEXT NOT NULL,
  origin TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ends_at INTEGER,
  PRIMARY KEY (client_id, secret_id),
  UNIQUE (client_id, secret_hash)
) WITHOUT ROWID;
`;

export type ClientSecrets = ReturnType<typeof openClientSecrets>;

/**
 * The secrets of clients, as keyed hashes, any number valid at once.
 *
 * A retired secret's hash stays, so that a seeded secret once retired is not valid again after a restart.
 */
export function openClientSecrets(database: DatabaseSync, hashKey: Buffer) {
  database.exec(schema);
  const statements = prepare(database);
  const hashOf = (secret: string) => createHmac("sha256", hashKey).update(secret).digest("base64url");
  const listLive = (clientId: string) =>
    (statements.live.all(clientId, Date.now()) as unknown as SecretRow[]).map(toRecord);
  const insert = (clientId: string, secret: string, origin: "seed" | "issued") =>
    statements.insert.run(clientId, randomUUID(), hashOf(secret), origin, Date.now());

  return {
    matches(clientId: string, secret: string): boolean {
      return statements.match.get(clientId, hashOf(secret), Date.now()) !== undefined;
    },
    /**
     * Takes the secret of the configuration. One that is known stays as it is, retired or not; a new one
     * ends the one that stood there before.
     */
    seed(clientId: string, secret: string): void {
      if (statements.known.get(clientId, hashOf(secret))) return;
      statements.dropOtherSeeds.run(clientId, hashOf(secret));
      insert(clientId, secret, "seed");
    },
    /** Makes `secret` the client's only one. */
    replaceAll(clientId: string, secret: string): void {
      statements.endAll.run(Date.now(), clientId);
      insert(clientId, secret, "issued");
    },
    add(clientId: string): IssuedClientSecret {
      const secret = generateClientSecret();
      const secretId = randomUUID();
      const createdAt = Date.now();
      statements.insert.run(clientId, secretId, hashOf(secret), "issued", createdAt);
      return { secretId, secret, createdAt: new Date(createdAt) };
    },
    list: listLive,
    retire(clientId: string, secretId: string, endsAt: Date): void {
      const live = listLive(clientId);
      if (!live.some((record) => record.secretId === secretId)) {
        throw new AuthorizationServerError(
          "client_secret.not_found",
          `secretId is "${secretId}", expected the id of a valid secret of client "${clientId}"`,
        );
      }
      if (!live.some((record) => record.secretId !== secretId && record.endsAt === undefined)) {
        throw new AuthorizationServerError(
          "client_secret.last",
          `secretId "${secretId}" is the last lasting secret of client "${clientId}", expected another one beside it`,
        );
      }
      statements.end.run(endsAt.getTime(), clientId, secretId);
    },
    dropClient(clientId: string): void {
      statements.drop.run(clientId);
    },
  };
}

/** 256 random bits. */
export function generateClientSecret(): string {
  return randomBytes(32).toString("base64url");
}

function prepare(database: DatabaseSync) {
  const valid = "(ends_at IS NULL OR ends_at > ?)";
  return {
    match: database.prepare(`SELECT 1 FROM ${table} WHERE client_id = ? AND secret_hash = ? AND ${valid}`),
    known: database.prepare(`SELECT 1 FROM ${table} WHERE client_id = ? AND secret_hash = ?`),
    live: database.prepare(
      `SELECT secret_id, created_at, ends_at FROM ${table} WHERE client_id = ? AND ${valid}
       ORDER BY created_at, secret_id`,
    ),
    insert: database.prepare(
      `INSERT INTO ${table} (client_id, secret_id, secret_hash, origin, created_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    ),
    dropOtherSeeds: database.prepare(
      `DELETE FROM ${table} WHERE client_id = ? AND origin = 'seed' AND secret_hash <> ?`,
    ),
    endAll: database.prepare(
      `UPDATE ${table} SET ends_at = ?1 WHERE client_id = ?2 AND (ends_at IS NULL OR ends_at > ?1)`,
    ),
    end: database.prepare(`UPDATE ${table} SET ends_at = ? WHERE client_id = ? AND secret_id = ?`),
    drop: database.prepare(`DELETE FROM ${table} WHERE client_id = ?`),
  };
}

function toRecord({ secret_id, created_at, ends_at }: SecretRow): ClientSecretRecord {
  return {
    secretId: secret_id,
    createdAt: new Date(created_at),
    ...(ends_at === null ? {} : { endsAt: new Date(ends_at) }),
  };
}
