import type { DatabaseSync } from "node:sqlite";

const ddl = `
CREATE TABLE IF NOT EXISTS sfn_machines (
  arn TEXT PRIMARY KEY, name TEXT NOT NULL, status TEXT NOT NULL, creation_date INTEGER NOT NULL,
  revision INTEGER NOT NULL, next_version INTEGER NOT NULL, tags TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS sfn_revisions (
  id INTEGER PRIMARY KEY, machine_arn TEXT NOT NULL, revision_id TEXT, definition TEXT NOT NULL,
  role_arn TEXT NOT NULL, update_date INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS sfn_versions (
  machine_arn TEXT NOT NULL, version INTEGER NOT NULL, revision INTEGER NOT NULL, description TEXT,
  creation_date INTEGER NOT NULL, PRIMARY KEY (machine_arn, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sfn_aliases (
  arn TEXT PRIMARY KEY, machine_arn TEXT NOT NULL, name TEXT NOT NULL, description TEXT,
  version INTEGER NOT NULL, creation_date INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sfn_executions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, arn TEXT NOT NULL UNIQUE, machine_arn TEXT NOT NULL, version_arn TEXT,
  alias_arn TEXT, name TEXT NOT NULL, revision INTEGER NOT NULL, status TEXT NOT NULL,
  start_date INTEGER NOT NULL, stop_date INTEGER, input TEXT NOT NULL, output TEXT, error TEXT, cause TEXT,
  state TEXT NOT NULL, state_input TEXT NOT NULL, variables TEXT NOT NULL, progress TEXT NOT NULL,
  last_event INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS sfn_executions_by_machine ON sfn_executions (machine_arn, id);
CREATE INDEX IF NOT EXISTS sfn_executions_running ON sfn_executions (machine_arn) WHERE status = 'RUNNING';
CREATE TABLE IF NOT EXISTS sfn_history (
  execution INTEGER NOT NULL, id INTEGER NOT NULL, previous INTEGER NOT NULL, timestamp INTEGER NOT NULL,
  type TEXT NOT NULL, details TEXT, PRIMARY KEY (execution, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sfn_outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL) STRICT;
`;

/** Makes the tables of Step Functions where they are absent. */
export function createTables(database: DatabaseSync): void {
  database.exec(ddl);
}
