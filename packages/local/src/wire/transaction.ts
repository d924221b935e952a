import type { DatabaseSync } from "node:sqlite";

/**
 * Runs `work` in one transaction: all its writes are durable when it returns, none when it throws.
 *
 * Inside another transaction it is part of that one, which has to throw on when this throws.
 */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  if (database.isTransaction) return work();
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}
