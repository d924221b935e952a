import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** Bytes of the root key. */
export const rootKeyBytes = 32;

/**
 * Reads the root key from `keyFile`.
 *
 * @throws when the file is not 32 bytes, or others than its owner may read it.
 */
export function readRootKey(keyFile: string): Buffer {
  const mode = statSync(keyFile).mode & 0o777;
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new Error(`"keyFile" ${keyFile} has mode ${mode.toString(8)}, expected 600`);
  }
  const key = readFileSync(keyFile);
  if (key.length !== rootKeyBytes) {
    throw new Error(`"keyFile" ${keyFile} has ${key.length} bytes, expected ${rootKeyBytes}`);
  }
  return key;
}

/** Reads the root key, making it when there is no file; of several processes at once, one makes it. */
export function readOrCreateRootKey(keyFile: string): Buffer {
  mkdirSync(dirname(keyFile), { recursive: true });
  const draft = `${keyFile}.${process.pid}.${randomBytes(4).toString("hex")}`;
  writeDurably(draft, randomBytes(rootKeyBytes));
  try {
    // A link fails where a file is, so a key in use is never overwritten nor seen half written.
    linkSync(draft, keyFile);
    syncFolder(dirname(keyFile));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    unlinkSync(draft);
  }
  return readRootKey(keyFile);
}

function writeDurably(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeSync(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
