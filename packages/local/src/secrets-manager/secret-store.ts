import type { DatabaseSync } from "node:sqlite";

export interface Secret {
  readonly arn: string;
  readonly name: string;
  readonly description: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly changedAt: number;
  readonly accessedAt: number | null;
  /** When it may be destroyed; null unless it is marked for deletion. */
  readonly deletionAt: number | null;
}

export type ValueKind = "string" | "binary";

export interface SecretVersion {
  readonly sequence: number;
  readonly arn: string;
  readonly versionId: string;
  readonly kind: ValueKind;
  readonly sealed: Uint8Array;
  readonly createdAt: number;
  readonly accessedAt: number | null;
}

export type NewVersion = Pick<SecretVersion, "arn" | "versionId" | "kind" | "sealed" | "createdAt">;

/** Secrets, their sealed versions and staging labels. Each write is durable when its call, or its transaction, returns. */
export interface SecretStore {
  findByArn(arn: string): Secret | undefined;
  findByName(name: string): Secret | undefined;
  /** Sorted by name. */
  list(): readonly Secret[];
  /** Adds the secret or replaces what is known of it. */
  save(secret: Secret): void;
  remove(arn: string): void;
  /** Destroys the secrets whose recovery window is over. */
  purge(nowMs: number): void;
  findVersion(arn: string, versionId: string): SecretVersion | undefined;
  /** Oldest first. */
  listVersions(arn: string): readonly SecretVersion[];
  addVersion(version: NewVersion): void;
  removeVersion(arn: string, versionId: string): void;
  touch(arn: string, versionId: string, accessedAt: number): void;
  /** Each label of a secret with the version that bears it. */
  labels(arn: string): ReadonlyMap<string, string>;
  setLabel(arn: string, label: string, versionId: string): void;
  removeLabel(arn: string, label: string): void;
}

// With secure_delete a destroyed value is overwritten in the file, not only unlinked.
const schema = `
  PRAGMA secure_delete = ON;
  CREATE TABLE IF NOT EXISTS secrets_manager_secrets (
    arn TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, description TEXT, tags TEXT NOT NULL,
    created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, accessed_at INTEGER, deletion_at INTEGER
  ) STRICT;
  CREATE TABLE IF NOT EXISTS secrets_manager_versions (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL REFERENCES secrets_manager_secrets (arn) ON DELETE CASCADE,
    version_id TEXT NOT NULL, kind TEXT NOT NULL, sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL, accessed_at INTEGER,
    UNIQUE (arn, version_id)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS secrets_manager_labels (
    arn TEXT NOT NULL REFERENCES secrets_manager_secrets (arn) ON DELETE CASCADE,
    label TEXT NOT NULL, version_id TEXT NOT NULL,
    PRIMARY KEY (arn, label)
  ) STRICT;
`;

/** Opens the secrets kept in `database`. */
export function openSecretStore(database: DatabaseSync): SecretStore {
  database.exec(schema);
  return { ...openSecrets(database), ...openVersions(database), ...openLabels(database) };
}

type SecretPart = Pick<SecretStore, "findByArn" | "findByName" | "list" | "save" | "remove" | "purge">;

function openSecrets(database: DatabaseSync): SecretPart {
  const columns =
    "arn, name, description, tags, created_at AS createdAt, changed_at AS changedAt, accessed_at AS accessedAt, deletion_at AS deletionAt";
  const select = `SELECT ${columns} FROM secrets_manager_secrets`;
  const byArn = database.prepare(`${select} WHERE arn = ?`);
  const byName = database.prepare(`${select} WHERE name = ?`);
  const all = database.prepare(`${select} ORDER BY name`);
  const save = database.prepare(`
    INSERT INTO secrets_manager_secrets VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (arn) DO UPDATE SET description = excluded.description, tags = excluded.tags,
      changed_at = excluded.changed_at, accessed_at = excluded.accessed_at, deletion_at = excluded.deletion_at`);
  const remove = database.prepare("DELETE FROM secrets_manager_secrets WHERE arn = ?");
  const purge = database.prepare("DELETE FROM secrets_manager_secrets WHERE deletion_at <= ?");
  return {
    findByArn: (arn) => readSecret(byArn.get(arn)),
    findByName: (name) => readSecret(byName.get(name)),
    list: () => all.all().flatMap((row) => readSecret(row) ?? []),
    save: (secret) => {
      const { arn, name, description, createdAt, changedAt, accessedAt, deletionAt } = secret;
      const tags = JSON.stringify(secret.tags);
      save.run(arn, name, description, tags, createdAt, changedAt, accessedAt, deletionAt);
    },
    remove: (arn) => void remove.run(arn),
    purge: (nowMs) => void purge.run(nowMs),
  };
}

function readSecret(row: Record<string, unknown> | undefined): Secret | undefined {
  return row && ({ ...row, tags: JSON.parse(String(row["tags"])) } as Secret);
}

type VersionPart = Pick<
  SecretStore,
  "findVersion" | "listVersions" | "addVersion" | "removeVersion" | "touch"
>;

function openVersions(database: DatabaseSync): VersionPart {
  const columns =
    "sequence, arn, version_id AS versionId, kind, sealed, created_at AS createdAt, accessed_at AS accessedAt";
  const select = `SELECT ${columns} FROM secrets_manager_versions WHERE arn = ?`;
  const find = database.prepare(`${select} AND version_id = ?`);
  const list = database.prepare(`${select} ORDER BY sequence`);
  const add = database.prepare(`
    INSERT INTO secrets_manager_versions (arn, version_id, kind, sealed, created_at) VALUES (?, ?, ?, ?, ?)`);
  const remove = database.prepare("DELETE FROM secrets_manager_versions WHERE arn = ? AND version_id = ?");
  const touch = database.prepare(
    "UPDATE secrets_manager_versions SET accessed_at = ? WHERE arn = ? AND version_id = ?",
  );
  return {
    findVersion: (arn, versionId) => find.get(arn, versionId) as SecretVersion | undefined,
    listVersions: (arn) => list.all(arn) as unknown as SecretVersion[],
    addVersion: ({ arn, versionId, kind, sealed, createdAt }) =>
      void add.run(arn, versionId, kind, sealed, createdAt),
    removeVersion: (arn, versionId) => void remove.run(arn, versionId),
    touch: (arn, versionId, accessedAt) => void touch.run(accessedAt, arn, versionId),
  };
}

function openLabels(database: DatabaseSync): Pick<SecretStore, "labels" | "setLabel" | "removeLabel"> {
  const list = database.prepare(
    "SELECT label, version_id FROM secrets_manager_labels WHERE arn = ? ORDER BY label",
  );
  const set = database.prepare("INSERT OR REPLACE INTO secrets_manager_labels VALUES (?, ?, ?)");
  const remove = database.prepare("DELETE FROM secrets_manager_labels WHERE arn = ? AND label = ?");
  return {
    labels: (arn) => new Map(list.all(arn).map((row) => [String(row["label"]), String(row["version_id"])])),
    setLabel: (arn, label, versionId) => void set.run(arn, label, versionId),
    removeLabel: (arn, label) => void remove.run(arn, label),
  };
}
