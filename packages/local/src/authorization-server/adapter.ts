import type { DatabaseSync } from "node:sqlite";
import { type Adapter, type AdapterFactory, type AdapterPayload, errors } from "oidc-provider";
import { type ArtifactStore, longestGrantSeconds } from "./artifact-store.ts";
import type { ClientSecrets } from "./client-secrets.ts";

export interface AdapterDependencies {
  database: DatabaseSync;
  artifacts: ArtifactStore;
  secrets: ClientSecrets;
  /** Stands in the provider's `client_secret` where the real one is not known. */
  secretPlaceholder: string;
}

/**
 * The provider's persistence.
 *
 * @see https://github.com/panva/node-oidc-provider/blob/v9.13.3/docs/README.md#adapter
 */
export function createAdapterFactory(dependencies: AdapterDependencies): AdapterFactory {
  const clients = createClientAdapter(dependencies);
  return (model) => (model === "Client" ? clients : createArtifactAdapter(model, dependencies.artifacts));
}

function createArtifactAdapter(model: string, artifacts: ArtifactStore): Adapter {
  return {
    ...unsupported(model),
    async upsert(id, payload, expiresIn) {
      if (!artifacts.put(model, id, payload, expiresIn ?? longestGrantSeconds)) {
        throw new errors.InvalidGrant("the grant was revoked meanwhile");
      }
    },
    async find(id) {
      return artifacts.find(model, id);
    },
    async findByUid(uid) {
      return artifacts.findByUid(model, uid);
    },
    async consume(id) {
      const grantId = artifacts.find(model, id)?.grantId;
      if (artifacts.consume(model, id)) return;
      // Two requests met with one code or refresh token: that is reuse, as when one comes after the other.
      if (grantId !== undefined) artifacts.revokeFamily(grantId);
      throw new errors.InvalidGrant("already used");
    },
    async destroy(id) {
      artifacts.destroy(model, id);
    },
    async revokeByGrantId(grantId) {
      artifacts.revokeFamily(grantId);
    },
  };
}

interface ClientRow {
  metadata: string;
  has_secret: number;
}

function createClientAdapter({
  database,
  artifacts,
  secrets,
  secretPlaceholder,
}: AdapterDependencies): Adapter {
  const table = "authorization_server_client";
  database.exec(
    `CREATE TABLE IF NOT EXISTS ${table}
     (client_id TEXT PRIMARY KEY, metadata TEXT NOT NULL, has_secret INTEGER NOT NULL) WITHOUT ROWID`,
  );
  const find = database.prepare(`SELECT metadata, has_secret FROM ${table} WHERE client_id = ?`);
  const put = database.prepare(
    `INSERT OR REPLACE INTO ${table} (client_id, metadata, has_secret) VALUES (?, ?, ?)`,
  );
  const drop = database.prepare(`DELETE FROM ${table} WHERE client_id = ?`);

  return {
    ...unsupported("Client"),
    async upsert(id, payload) {
      const { client_secret: secret, ...metadata } = payload;
      if (secret !== undefined && secret !== secretPlaceholder) secrets.replaceAll(id, secret);
      put.run(id, JSON.stringify(metadata), secret === undefined ? 0 : 1);
    },
    async find(id) {
      const row = find.get(id) as ClientRow | undefined;
      if (!row) return undefined;
      const metadata = JSON.parse(row.metadata) as AdapterPayload;
      return row.has_secret ? { ...metadata, client_secret: secretPlaceholder } : metadata;
    },
    async destroy(id) {
      drop.run(id);
      secrets.dropClient(id);
      artifacts.dropClient(id);
    },
  };
}

function unsupported(model: string): Adapter {
  const refuse = async () => {
    throw new Error(`the provider asked for an operation that ${model} does not have here`);
  };
  return {
    upsert: refuse,
    find: refuse,
    findByUid: refuse,
    findByUserCode: refuse,
    consume: refuse,
    destroy: refuse,
    revokeByGrantId: refuse,
  };
}
