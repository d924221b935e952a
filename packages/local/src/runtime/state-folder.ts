import { randomBytes } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StartupError } from "./startup-error.ts";

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
  mkdirSync(path, { recursive: true, mode: 0o700 });
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

/** An SQLite lock is the kind that the system drops when its process ends, however it ends. */
function takeLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(join(path, "lock"));
  try {
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== 5) throw error;
    throw new StartupError(
      `${path} is in use by another runtime: stop that one, or choose another folder with --state-dir`,
    );
  }
}
