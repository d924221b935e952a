import { DatabaseSync } from "node:sqlite";

/**
 * Takes a data file for this process alone; the operating system gives it back when the process ends,
 * however it does.
 *
 * The engine itself lets two processes open one file.
 *
 * @returns what releases it.
 * @throws {Error} when another holds it.
 */
export function lockDataFile(path: string): () => void {
  const lock = new DatabaseSync(`${path}.lock`);
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    throw new Error(`data file ${path} is in use by another engine`, { cause });
  }
  return () => lock.close();
}
