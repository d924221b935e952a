import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { type BuildAppOptions, buildApp } from "fauxqs";
import { openDatabaseFile, unusable } from "../wire/database.ts";

/** The stores behind the SQS and S3 services. */
export type Stores = NonNullable<BuildAppOptions["stores"]>;
export type Persistence = NonNullable<Stores["sqsStore"]["persistence"]>;
export type App = ReturnType<typeof buildApp>;

/**
 * Builds the SQS and S3 application on stores of our own, without a listener.
 *
 * The package's `startFauxqs` listens on every interface and names queues on `sqs.<region>.localhost`, which
 * many resolvers don't know; so its parts are put together here, and the package is pinned.
 */
export async function buildQueueApp(
  endpoint: string,
  stateDirectory: string | undefined,
): Promise<{ app: App; stores: Stores; close: () => void }> {
  const stores = await createStores();
  const close = stateDirectory ? await attachState(stores, endpoint, stateDirectory) : () => {};
  return { app: buildApp({ logger: false, stores }), stores, close };
}

async function createStores(): Promise<Stores> {
  const { SqsStore } = await loadPart<{ SqsStore: new () => Stores["sqsStore"] }>("sqs/sqsStore.js");
  const { SnsStore } = await loadPart<{ SnsStore: new () => Stores["snsStore"] }>("sns/snsStore.js");
  const { S3Store } = await loadPart<{ S3Store: new () => Stores["s3Store"] }>("s3/s3Store.js");
  const stores: Stores = { sqsStore: new SqsStore(), snsStore: new SnsStore(), s3Store: new S3Store() };
  // without a host of its own, the store names queues on the host of the request
  stores.sqsStore.host = "";
  return stores;
}

async function attachState(stores: Stores, endpoint: string, directory: string): Promise<() => void> {
  type Part = { PersistenceManager: new (directory: string) => Persistence };
  const { PersistenceManager } = await loadPart<Part>("persistence.js");
  const file = join(directory, "fauxqs.db");
  const persistence = manage(() => new PersistenceManager(directory), file);
  commitWithoutSync(persistence);
  const database = openDatabaseFile(file, 5000);
  giveBack(database);
  // a queue's URL holds the port it was created on, which need not be today's
  database.prepare("UPDATE sqs_queues SET url = ? || '/000000000000/' || name").run(endpoint);
  persistence.load(stores.sqsStore, stores.snsStore, stores.s3Store);
  persistence.updateMessageReady = makeMessageReady(database);
  stores.sqsStore.persistence = persistence;
  stores.snsStore.persistence = persistence;
  stores.s3Store.persistence = persistence;
  for (const queue of stores.sqsStore.allQueues()) queue.persistence = persistence;
  return () => {
    database.close();
    persistence.close();
  };
}

/**
 * The package waits for the disk at every commit, and with it all that this process serves. A commit outlives
 * the process without that, as those of our own databases do; only the package's own connection can be told.
 */
function commitWithoutSync(persistence: Persistence): void {
  const { db } = persistence as unknown as { readonly db: DatabaseSync };
  db.exec("PRAGMA synchronous = NORMAL");
}

function manage<T>(open: () => T, file: string): T {
  try {
    return open();
  } catch (error) {
    throw unusable(file, error);
  }
}

/**
 * Whoever had taken a message ended with the last process, so that none of them can still delete it: it is
 * there again at once, and not only after its visibility timeout.
 */
function giveBack(database: DatabaseSync): void {
  database.exec("UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL");
}

/**
 * The package's own statement clears the receive count as well, which its table forbids, so that
 * `ChangeMessageVisibility` to 0 would fail and lose the message until a restart.
 */
function makeMessageReady(database: DatabaseSync): (messageId: string) => void {
  const statement = database.prepare(
    "UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL WHERE message_id = ?",
  );
  return (messageId) => {
    statement.run(messageId);
  };
}

async function loadPart<T>(path: string): Promise<T> {
  const manifest = findPackageJSON("fauxqs", import.meta.url);
  if (!manifest) throw new Error("package fauxqs is not installed");
  return (await import(pathToFileURL(join(dirname(manifest), "dist", path)).href)) as T;
}
