import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { JsonObject } from "../json.ts";
import type { ExecutionStatus } from "../status-event.ts";

/** An execution as stored, with where it stands. */
export interface ExecutionRow {
  readonly id: number;
  readonly arn: string;
  readonly machine_arn: string;
  readonly version_arn: string | null;
  readonly alias_arn: string | null;
  readonly name: string;
  readonly revision: number;
  readonly status: ExecutionStatus;
  readonly start_date: number;
  readonly stop_date: number | null;
  readonly input: string;
  readonly output: string | null;
  readonly error: string | null;
  readonly cause: string | null;
  readonly state: string;
  readonly state_input: string;
  readonly variables: string;
  readonly progress: string;
  readonly last_event: number;
}

/** What a new execution starts with. */
export type NewExecution = Pick<
  ExecutionRow,
  "arn" | "machine_arn" | "version_arn" | "alias_arn" | "name" | "revision" | "start_date" | "input" | "state"
>;

/** One event of an execution's history. */
export interface HistoryRow {
  readonly id: number;
  readonly previous: number;
  readonly timestamp: number;
  readonly type: string;
  readonly details: JsonObject | null;
}

/** Where an execution goes on after a crash; each part as JSON text. */
export interface PositionRow {
  readonly state: string;
  readonly stateInput: string;
  readonly variables: string;
  readonly progress: string;
}

/** How an execution ended. */
export interface EndRow {
  readonly status: ExecutionStatus;
  readonly stopDate: number;
  readonly output: string | null;
  readonly error: string | null;
  readonly cause: string | null;
}

/** Which executions a page lists, newest first. */
export interface ExecutionFilter {
  readonly machineArn: string;
  readonly versionArn?: string;
  readonly aliasArn?: string;
  readonly status?: string;
  /** Only executions older than this id. */
  readonly before?: number;
  readonly limit: number;
}

/** Executions and their histories; no call opens a transaction of its own. */
export type ExecutionStore = ReturnType<typeof createExecutionStore>;

/** Prepares the statements over executions. */
export function createExecutionStore(database: DatabaseSync) {
  return {
    ...executionStatements(database),
    ...progressStatements(database),
    ...historyStatements(database),
  };
}

function executionStatements(database: DatabaseSync) {
  const insert = database.prepare(
    `INSERT INTO sfn_executions (arn, machine_arn, version_arn, alias_arn, name, revision, status, start_date,
     input, state, state_input, variables, progress, last_event)
     VALUES (?, ?, ?, ?, ?, ?, 'RUNNING', ?, ?, ?, ?, '{}', '{}', 0)`,
  );
  const byArn = database.prepare("SELECT * FROM sfn_executions WHERE arn = ?");
  const byId = database.prepare("SELECT * FROM sfn_executions WHERE id = ?");
  const running = database.prepare("SELECT * FROM sfn_executions WHERE status = 'RUNNING' ORDER BY id");
  const anyRunning = database.prepare(
    "SELECT 1 FROM sfn_executions WHERE status = 'RUNNING' AND machine_arn = ? LIMIT 1",
  );
  return {
    add(row: NewExecution): number {
      const { arn, machine_arn, version_arn, alias_arn, name, revision, start_date, input, state } = row;
      const values = [arn, machine_arn, version_arn, alias_arn, name, revision, start_date, input, state];
      return Number(insert.run(...values, input).lastInsertRowid);
    },
    get: (arn: string) => byArn.get(arn) as ExecutionRow | undefined,
    getById: (id: number) => byId.get(id) as unknown as ExecutionRow,
    running: () => running.all() as unknown as ExecutionRow[],
    hasRunning: (machineArn: string) => anyRunning.get(machineArn) !== undefined,
    list: (filter: ExecutionFilter) => listExecutions(database, filter),
  };
}

function listExecutions(database: DatabaseSync, filter: ExecutionFilter): ExecutionRow[] {
  const conditions: [string, SQLInputValue | undefined][] = [
    ["machine_arn = ?", filter.machineArn],
    ["version_arn = ?", filter.versionArn],
    ["alias_arn = ?", filter.aliasArn],
    ["status = ?", filter.status],
    ["id < ?", filter.before],
  ];
  const used = conditions.filter(
    (condition): condition is [string, SQLInputValue] => condition[1] !== undefined,
  );
  const where = used.map(([text]) => text).join(" AND ");
  const statement = database.prepare(`SELECT * FROM sfn_executions WHERE ${where} ORDER BY id DESC LIMIT ?`);
  return statement.all(...used.map(([, value]) => value), filter.limit) as unknown as ExecutionRow[];
}

function progressStatements(database: DatabaseSync) {
  const countEvents = database.prepare(
    "UPDATE sfn_executions SET last_event = ? WHERE id = ? AND status = 'RUNNING'",
  );
  const move = database.prepare(
    "UPDATE sfn_executions SET state = ?, state_input = ?, variables = ?, progress = ? WHERE id = ?",
  );
  const finish = database.prepare(
    "UPDATE sfn_executions SET status = ?, stop_date = ?, output = ?, error = ?, cause = ? WHERE id = ?",
  );
  return {
    /** Says false, and changes nothing, when the execution has ended. */
    countEvents: (id: number, lastEvent: number) => countEvents.run(lastEvent, id).changes === 1,
    move(id: number, position: PositionRow): void {
      move.run(position.state, position.stateInput, position.variables, position.progress, id);
    },
    finish(id: number, end: EndRow): void {
      finish.run(end.status, end.stopDate, end.output, end.error, end.cause, id);
    },
  };
}

function historyStatements(database: DatabaseSync) {
  const insert = database.prepare("INSERT INTO sfn_history VALUES (?, ?, ?, ?, ?, ?)");
  const forward = database.prepare(
    "SELECT * FROM sfn_history WHERE execution = ? AND id > ? ORDER BY id LIMIT ?",
  );
  const backward = database.prepare(
    "SELECT * FROM sfn_history WHERE execution = ? AND id < ? ORDER BY id DESC LIMIT ?",
  );
  const expireHistory = database.prepare(
    "DELETE FROM sfn_history WHERE execution IN (SELECT id FROM sfn_executions WHERE stop_date < ?)",
  );
  const expire = database.prepare("DELETE FROM sfn_executions WHERE stop_date < ?");
  const read = (row: Record<string, unknown>) =>
    ({ ...row, details: row["details"] === null ? null : JSON.parse(String(row["details"])) }) as HistoryRow;
  return {
    addEvent(execution: number, event: HistoryRow): void {
      const details = event.details === null ? null : JSON.stringify(event.details);
      insert.run(execution, event.id, event.previous, event.timestamp, event.type, details);
    },
    historyAfter: (execution: number, id: number, limit: number) =>
      forward.all(execution, id, limit).map(read),
    historyBefore: (execution: number, id: number, limit: number) =>
      backward.all(execution, id, limit).map(read),
    /** Forgets the executions that stopped before epoch milliseconds `before`, as AWS does after 90 days. */
    expire(before: number): void {
      expireHistory.run(before);
      expire.run(before);
    },
  };
}
