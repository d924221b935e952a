import { randomBytes } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { openDatabaseFile, unusable } from "../wire/database.ts";
import { StartupError } from "./startup-error.ts";

const another = "choose another with --state-dir";

/** The folder that holds everything the embedded runtime remembers. */
export interface StateFolder {
  readonly path: string;
  file(name: string): string;
  /** Writes a file readable by its owner alone, whole or not at all. */
  write(name: string, content: string): void;
  /** The content of a secret file, made of 32 random bytes at its first use. */
  secret(name: string): string;
  /** Gives the folder up to another process. */
  release(): void;
}

/**
 * Takes a state folder for this process alone, making it where it is absent.
 *
 * @throws {StartupError} when another runtime has it. @throws the file system's own errors.
 */
export function openStateFolder(folder: string): StateFolder {
  const path = resolve(folder);
  makeFolder(path);
  accessSync(path, constants.W_OK);
  const lock = takeLock(path);
  const file = (name: string) => join(path, name);
  const write = (name: string, content: string) => {
    mkdirSync(join(file(name), ".."), { recursive: true, mode: 0o700 });
    writeFileSync(`${file(name)}.new`, content, { mode: 0o600 });
    renameSync(`${file(name)}.new`, file(name));
  };
  const secret = (name: string) => {
    if (!existsSync(file(name))) write(name, randomBytes(32).toString("base64url"));
    return readFileSync(file(name), "utf8");
  };
  return { path, file, write, secret, release: () => lock.close() };
}

/** Makes a folder and those above it, one by one: where none can be made, as under /proc, Node's own way never ends. */
function makeFolder(path: string): void {
  if (existsSync(path)) {
    if (!statSync(path).isDirectory()) throw new StartupError(`${path} is not a folder: ${another}`);
    return;
  }
  makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new StartupError(`${path} cannot be made: ${another}`);
  }
}

/** An SQLite lock is the kind that the system drops when its process ends, however it ends. */
function takeLock(path: string): DatabaseSync {
  const lock = openDatabaseFile(join(path, "lock"));
  try {
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== 5) throw unusable(join(path, "lock"), error);
    throw new StartupError(
      `${path} is in use by another runtime: stop that one, or choose another folder with --state-dir`,
    );
  }
}
