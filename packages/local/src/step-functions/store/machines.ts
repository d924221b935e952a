import type { DatabaseSync } from "node:sqlite";

/** A state machine as stored. */
export interface MachineRow {
  readonly arn: string;
  readonly name: string;
  readonly status: "ACTIVE" | "DELETING";
  readonly creation_date: number;
  readonly revision: number;
  readonly next_version: number;
  readonly tags: string;
}

/** One definition and role a state machine has or had. */
export interface RevisionRow {
  readonly id: number;
  readonly machine_arn: string;
  readonly revision_id: string | null;
  readonly definition: string;
  readonly role_arn: string;
  readonly update_date: number;
}

/** A published version. */
export interface VersionRow {
  readonly machine_arn: string;
  readonly version: number;
  readonly revision: number;
  readonly description: string | null;
  readonly creation_date: number;
}

/** An alias, which routes to one version. */
export interface AliasRow {
  readonly arn: string;
  readonly machine_arn: string;
  readonly name: string;
  readonly description: string | null;
  readonly version: number;
  readonly creation_date: number;
}

/** State machines, their revisions, versions and aliases; no call opens a transaction of its own. */
export type MachineStore = ReturnType<typeof createMachineStore>;

/** Prepares the statements over state machines. */
export function createMachineStore(database: DatabaseSync) {
  return { ...machineStatements(database), ...versionStatements(database) };
}

function machineStatements(database: DatabaseSync) {
  const insert = database.prepare("INSERT INTO sfn_machines VALUES (?, ?, 'ACTIVE', ?, ?, 1, ?)");
  const insertRevision = database.prepare(
    "INSERT INTO sfn_revisions (machine_arn, revision_id, definition, role_arn, update_date) VALUES (?, ?, ?, ?, ?)",
  );
  const byArn = database.prepare("SELECT * FROM sfn_machines WHERE arn = ?");
  const page = database.prepare(
    "SELECT * FROM sfn_machines WHERE name > ? AND status = 'ACTIVE' ORDER BY name LIMIT ?",
  );
  const revisionById = database.prepare("SELECT * FROM sfn_revisions WHERE id = ?");
  const setRevision = database.prepare("UPDATE sfn_machines SET revision = ? WHERE arn = ?");
  const setDeleting = database.prepare("UPDATE sfn_machines SET status = 'DELETING' WHERE arn = ?");
  const removeMachine = database.prepare("DELETE FROM sfn_machines WHERE arn = ?");
  const removeVersions = database.prepare("DELETE FROM sfn_versions WHERE machine_arn = ?");
  const removeAliases = database.prepare("DELETE FROM sfn_aliases WHERE machine_arn = ?");
  return {
    add(machine: Pick<MachineRow, "arn" | "name" | "creation_date" | "revision" | "tags">): void {
      insert.run(machine.arn, machine.name, machine.creation_date, machine.revision, machine.tags);
    },
    addRevision(revision: Omit<RevisionRow, "id">): number {
      const { machine_arn, revision_id, definition, role_arn, update_date } = revision;
      return Number(
        insertRevision.run(machine_arn, revision_id, definition, role_arn, update_date).lastInsertRowid,
      );
    },
    get: (arn: string) => byArn.get(arn) as MachineRow | undefined,
    list: (afterName: string, limit: number) => page.all(afterName, limit) as unknown as MachineRow[],
    revision: (id: number) => revisionById.get(id) as unknown as RevisionRow,
    setRevision(arn: string, revision: number): void {
      setRevision.run(revision, arn);
    },
    setDeleting(arn: string): void {
      setDeleting.run(arn);
    },
    remove(arn: string): void {
      removeMachine.run(arn);
      removeVersions.run(arn);
      removeAliases.run(arn);
    },
  };
}

function versionStatements(database: DatabaseSync) {
  const insertVersion = database.prepare("INSERT INTO sfn_versions VALUES (?, ?, ?, ?, ?)");
  const countVersion = database.prepare("UPDATE sfn_machines SET next_version = ? WHERE arn = ?");
  const version = database.prepare("SELECT * FROM sfn_versions WHERE machine_arn = ? AND version = ?");
  const versionOfRevision = database.prepare(
    "SELECT * FROM sfn_versions WHERE machine_arn = ? AND revision = ? ORDER BY version DESC LIMIT 1",
  );
  const insertAlias = database.prepare("INSERT INTO sfn_aliases VALUES (?, ?, ?, ?, ?, ?)");
  const alias = database.prepare("SELECT * FROM sfn_aliases WHERE arn = ?");
  return {
    addVersion(row: VersionRow): void {
      insertVersion.run(row.machine_arn, row.version, row.revision, row.description, row.creation_date);
      countVersion.run(row.version + 1, row.machine_arn);
    },
    version: (machineArn: string, number: number) =>
      version.get(machineArn, number) as VersionRow | undefined,
    versionOfRevision: (machineArn: string, revision: number) =>
      versionOfRevision.get(machineArn, revision) as VersionRow | undefined,
    addAlias(row: AliasRow): void {
      insertAlias.run(row.arn, row.machine_arn, row.name, row.description, row.version, row.creation_date);
    },
    alias: (arn: string) => alias.get(arn) as AliasRow | undefined,
  };
}
