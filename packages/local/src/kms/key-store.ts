import { createHmac, timingSafeEqual } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { seal, unseal } from "./aes-gcm.ts";
import type { KeyMaterial, KeySpec } from "./key-spec.ts";

export type KeyState = "Enabled" | "Disabled" | "PendingDeletion";

/** A key without its secret. */
export interface Key {
  readonly id: string;
  readonly spec: KeySpec;
  readonly description: string;
  readonly createdAt: number;
  readonly state: KeyState;
  readonly deletionAt: number | null;
  readonly publicKey: Uint8Array | null;
}

export interface Alias {
  readonly name: string;
  readonly keyId: string;
  readonly createdAt: number;
}

/** Keys and aliases, each write durable when its call returns; secrets are wrapped by the root key. */
export interface KeyStore {
  add(key: Omit<Key, "publicKey">, material: KeyMaterial): void;
  find(id: string): Key | undefined;
  list(): readonly Key[];
  /** The unwrapped secret of a key. */
  secretOf(id: string): Buffer;
  setState(id: string, state: KeyState, deletionAt: number | null): void;
  /** Destroys the keys whose waiting period is over, with their aliases. */
  purge(nowMs: number): void;
  addAlias(alias: Alias): void;
  findAlias(name: string): Alias | undefined;
  listAliases(): readonly Alias[];
  removeAlias(name: string): void;
}

// With secure_delete a destroyed key's wrapped material is overwritten in the file, not only unlinked.
const schema = `
  PRAGMA secure_delete = ON;
  CREATE TABLE IF NOT EXISTS kms_root (only INTEGER PRIMARY KEY CHECK (only = 1), proof BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS kms_keys (
    id TEXT PRIMARY KEY, spec TEXT NOT NULL, description TEXT NOT NULL, created_at INTEGER NOT NULL,
    state TEXT NOT NULL, deletion_at INTEGER, public_key BLOB, wrapped BLOB NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS kms_aliases (
    name TEXT PRIMARY KEY, key_id TEXT NOT NULL REFERENCES kms_keys (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL
  ) STRICT;
`;

/** True when `database` holds keys, so that a root key for it must exist. */
export function hasKeys(database: DatabaseSync): boolean {
  database.exec(schema);
  return database.prepare("SELECT 1 FROM kms_root").get() !== undefined;
}

/**
 * Opens the keys kept in `database`.
 *
 * @throws when the keys were wrapped by another root key.
 */
export function openKeyStore(database: DatabaseSync, rootKey: Uint8Array): KeyStore {
  database.exec(schema);
  proveRootKey(database, rootKey);
  return { ...openKeys(database, rootKey), ...openAliases(database) };
}

function proveRootKey(database: DatabaseSync, rootKey: Uint8Array): void {
  const proof = createHmac("sha256", rootKey).update("local kms root key v1").digest();
  database.prepare("INSERT OR IGNORE INTO kms_root VALUES (1, ?)").run(proof);
  const stored = database.prepare("SELECT proof FROM kms_root").get()?.["proof"];
  if (!(stored instanceof Uint8Array) || !timingSafeEqual(proof, stored)) {
    throw new Error(`"keyFile" holds another root key than the one these keys were wrapped by`);
  }
}

type KeyPart = Pick<KeyStore, "add" | "find" | "list" | "secretOf" | "setState" | "purge">;

function openKeys(database: DatabaseSync, rootKey: Uint8Array): KeyPart {
  const columns =
    "id, spec, description, created_at AS createdAt, state, deletion_at AS deletionAt, public_key AS publicKey";
  const add = database.prepare("INSERT INTO kms_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  const find = database.prepare(`SELECT ${columns} FROM kms_keys WHERE id = ?`);
  const list = database.prepare(`SELECT ${columns} FROM kms_keys ORDER BY id`);
  const wrapped = database.prepare("SELECT wrapped, spec FROM kms_keys WHERE id = ?");
  const setState = database.prepare("UPDATE kms_keys SET state = ?, deletion_at = ? WHERE id = ?");
  const purge = database.prepare("DELETE FROM kms_keys WHERE deletion_at <= ?");
  return {
    add: (key, { secret, publicKey = null }) => {
      const sealed = seal(rootKey, secret, wrappingData(key.id, key.spec));
      const { id, spec, description, createdAt, state, deletionAt } = key;
      add.run(id, spec, description, createdAt, state, deletionAt, publicKey, sealed);
    },
    find: (id) => find.get(id) as Key | undefined,
    list: () => list.all() as unknown as Key[],
    secretOf: (id) => {
      const row = wrapped.get(id);
      if (!(row?.["wrapped"] instanceof Uint8Array)) throw new Error(`key ${id} has no material`);
      return unseal(rootKey, row["wrapped"], wrappingData(id, String(row["spec"])));
    },
    setState: (id, state, deletionAt) => void setState.run(state, deletionAt, id),
    purge: (nowMs) => void purge.run(nowMs),
  };
}

/** Binds wrapped material to its row, so that rows can't be exchanged. */
function wrappingData(keyId: string, spec: string): Buffer {
  return Buffer.from(`local kms key v1 ${keyId} ${spec}`);
}

type AliasPart = Pick<KeyStore, "addAlias" | "findAlias" | "listAliases" | "removeAlias">;

function openAliases(database: DatabaseSync): AliasPart {
  const columns = "name, key_id AS keyId, created_at AS createdAt";
  const add = database.prepare("INSERT INTO kms_aliases VALUES (?, ?, ?)");
  const find = database.prepare(`SELECT ${columns} FROM kms_aliases WHERE name = ?`);
  const list = database.prepare(`SELECT ${columns} FROM kms_aliases ORDER BY name`);
  const remove = database.prepare("DELETE FROM kms_aliases WHERE name = ?");
  return {
    addAlias: (alias) => void add.run(alias.name, alias.keyId, alias.createdAt),
    findAlias: (name) => find.get(name) as Alias | undefined,
    listAliases: () => list.all() as unknown as Alias[],
    removeAlias: (name) => void remove.run(name),
  };
}
