import { hash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { AdapterPayload } from "oidc-provider";
import { inTransaction } from "../wire/transaction.ts";
import { familyOf } from "./grant-family.ts";

const schema = `
CREATE TABLE IF NOT EXISTS authorization_server_artifact (
  model TEXT NOT NULL,
  id_hash TEXT NOT NULL,
  payload TEXT NOT NULL,
  client_id TEXT,
  family TEXT,
  uid_hash TEXT,
  consumed_at INTEGER,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (model, id_hash)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS authorization_server_artifact_family
  ON authorization_server_artifact (family) WHERE family IS NOT NULL;
CREATE INDEX IF NOT EXISTS authorization_server_artifact_client
  ON authorization_server_artifact (client_id) WHERE client_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS authorization_server_artifact_uid
  ON authorization_server_artifact (uid_hash) WHERE uid_hash IS NOT NULL;
CREATE INDEX IF NOT EXISTS authorization_server_artifact_expiry ON authorization_server_artifact (expires_at);
CREATE TABLE IF NOT EXISTS authorization_server_revoked_family (
  family TEXT PRIMARY KEY,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
`;

const day = 24 * 60 * 60;

/** The longest any grant lives; a revoked family is remembered this long. */
export const longestGrantSeconds = 14 * day;

// The provider still looks at a just expired artifact, to say so; it is dropped a little later.
const keepExpiredSeconds = 60;

interface ArtifactRow {
  payload: string;
  consumed_at: number | null;
}

export type ArtifactStore = ReturnType<typeof openArtifactStore>;

/**
 * Tokens, codes, grants, sessions and interactions, each under the SHA-256 of its id.
 *
 * An id that is a credential is in no column and no payload, so the database can't be used to act as
 * its holder. Each method is one transaction, and durable against the end of the process when it returns.
 */
export function openArtifactStore(database: DatabaseSync) {
  database.exec(schema);
  const statements = prepare(database);

  return {
    /**
     * Writes an artifact over an earlier one of the same id.
     *
     * @returns false, with nothing written, when the family of its grant was revoked before.
     */
    put(model: string, id: string, payload: AdapterPayload, ttlSeconds: number): boolean {
      const family = familyFor(model, id, payload);
      const { changes } = statements.put.run(
        model,
        digest(id),
        JSON.stringify(withoutId(id, payload)),
        payload.clientId ?? null,
        family,
        model === "Session" && payload.uid !== undefined ? digest(payload.uid) : null,
        epochSeconds() + ttlSeconds,
        family,
      );
      return changes === 1;
    },
    find(model: string, id: string): AdapterPayload | undefined {
      const row = statements.find.get(model, digest(id)) as ArtifactRow | undefined;
      return row && withId(id, row);
    },
    /** Finds a session by its public `uid`; the result lacks the session's own id, which nobody knows. */
    findByUid(model: string, uid: string): AdapterPayload | undefined {
      const row = statements.findByUid.get(digest(uid), model) as ArtifactRow | undefined;
      return row && (JSON.parse(row.payload) as AdapterPayload);
    },
    /** @returns false when the artifact is gone or was consumed before: of two at once, one wins. */
    consume(model: string, id: string): boolean {
      return statements.consume.run(epochSeconds(), model, digest(id)).changes === 1;
    },
    destroy(model: string, id: string): void {
      statements.destroy.run(model, digest(id));
    },
    /** Drops a grant with all its relatives and tokens, and lets none be added later. */
    revokeFamily(grantId: string): void {
      const family = familyOf(grantId);
      inTransaction(database, () => {
        statements.revoke.run(family, epochSeconds() + longestGrantSeconds);
        statements.dropFamily.run(family);
      });
    },
    /** Drops all that was issued to a client, and every family it has a part in. */
    dropClient(clientId: string): void {
      inTransaction(database, () => {
        statements.revokeClient.run(epochSeconds() + longestGrantSeconds, clientId);
        statements.dropClientFamilies.run(clientId);
        statements.dropClient.run(clientId);
      });
    },
    pruneExpired(): void {
      const before = epochSeconds() - keepExpiredSeconds;
      statements.prune.run(before);
      statements.pruneRevoked.run(before);
    },
  };
}

function prepare(database: DatabaseSync) {
  const table = "authorization_server_artifact";
  const revoked = "authorization_server_revoked_family";
  return {
    put: database.prepare(
      `INSERT INTO ${table} (model, id_hash, payload, client_id, family, uid_hash, expires_at)
       SELECT ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM ${revoked} WHERE family = ?)
       ON CONFLICT (model, id_hash) DO UPDATE SET payload = excluded.payload, client_id = excluded.client_id,
         family = excluded.family, uid_hash = excluded.uid_hash, expires_at = excluded.expires_at`,
    ),
    find: database.prepare(`SELECT payload, consumed_at FROM ${table} WHERE model = ? AND id_hash = ?`),
    findByUid: database.prepare(`SELECT payload, consumed_at FROM ${table} WHERE uid_hash = ? AND model = ?`),
    consume: database.prepare(
      `UPDATE ${table} SET consumed_at = ? WHERE model = ? AND id_hash = ? AND consumed_at IS NULL`,
    ),
    destroy: database.prepare(`DELETE FROM ${table} WHERE model = ? AND id_hash = ?`),
    revoke: database.prepare(
      `INSERT INTO ${revoked} (family, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING`,
    ),
    dropFamily: database.prepare(`DELETE FROM ${table} WHERE family = ?`),
    revokeClient: database.prepare(
      `INSERT INTO ${revoked} (family, expires_at)
       SELECT DISTINCT family, ? FROM ${table} WHERE client_id = ? AND family IS NOT NULL ON CONFLICT DO NOTHING`,
    ),
    dropClientFamilies: database.prepare(
      `DELETE FROM ${table} WHERE family IN (SELECT family FROM ${table} WHERE client_id = ?)`,
    ),
    dropClient: database.prepare(`DELETE FROM ${table} WHERE client_id = ?`),
    prune: database.prepare(`DELETE FROM ${table} WHERE expires_at < ?`),
    pruneRevoked: database.prepare(`DELETE FROM ${revoked} WHERE expires_at < ?`),
  };
}

function familyFor(model: string, id: string, payload: AdapterPayload): string | null {
  if (model === "Grant") return familyOf(id);
  // An interaction names the grant it may extend, but is no token of it.
  if (model === "Interaction" || payload.grantId === undefined) return null;
  return familyOf(payload.grantId);
}

function withoutId(id: string, payload: AdapterPayload): AdapterPayload {
  const { jti: _id, ...rest } = payload;
  // An interaction carries the session's cookie and its own id at the end of the address it returns to.
  if (rest.session) {
    const { cookie: _cookie, ...session } = rest.session;
    rest.session = session;
  }
  if (rest.returnTo?.endsWith(id)) rest.returnTo = rest.returnTo.slice(0, -id.length);
  return rest;
}

function withId(id: string, { payload, consumed_at }: ArtifactRow): AdapterPayload {
  const artifact = JSON.parse(payload) as AdapterPayload;
  artifact.jti = id;
  if (artifact.returnTo !== undefined) artifact.returnTo += id;
  if (consumed_at !== null) artifact.consumed = consumed_at;
  return artifact;
}

function digest(id: string): string {
  return hash("sha256", id, "base64url");
}

function epochSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
