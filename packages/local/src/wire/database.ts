import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StartupError } from "../runtime/startup-error.ts";

/**
 * Opens (and makes, if absent) an SQLite file whose committed writes survive `kill -9`.
 *
 * Each stand-in keeps its own tables in it, named by its service.
 *
 * @throws {StartupError} when it is none, or damaged.
 */
export function openDatabase(path: string): DatabaseSync {
  if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true });
  const database = openDatabaseFile(path);
  try {
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000");
    return database;
  } catch (error) {
    database.close();
    throw unusable(path, error);
  }
}

/** Opens an SQLite file without reading it. @throws {StartupError} when it can't be opened. */
export function openDatabaseFile(path: string, timeout = 0): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout });
  } catch (error) {
    throw unusable(path, error);
  }
}

/** What SQLite says of a file it can't use, for the person whose file it is; anything else stays as it is. */
export function unusable(path: string, error: unknown): unknown {
  const { code, errstr } = error as { code?: string; errstr?: string };
  if (code !== "ERR_SQLITE_ERROR") return error;
  return new StartupError(
    `${path} cannot be used (${errstr}): move it away, or choose another folder with --state-dir`,
    { cause: error },
  );
}
