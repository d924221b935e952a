import type { DatabaseSync } from "node:sqlite";
import { inTransaction } from "../wire/transaction.ts";
import type { ServiceEventEnvelope } from "./event.ts";
import type { DeliveryTarget, PlannedDelivery } from "./target.ts";

/** A delivery planned for a rule. */
export interface RuleDelivery extends PlannedDelivery {
  readonly ruleArn: string;
}

/** A delivery that is still to be made: to its target, or, once given up, to its dead-letter queue. */
export interface OpenDelivery {
  readonly id: number;
  readonly state: "pending" | "exhausted";
  readonly ruleArn: string;
  readonly target: DeliveryTarget;
  readonly payload: string;
  readonly event: string;
  readonly maximumRetryAttempts: number;
  readonly maximumEventAgeInSeconds: number;
  readonly deadLetterArn: string | undefined;
  readonly acceptedAt: number;
  readonly attempts: number;
  readonly nextAttemptAt: number;
  readonly failure: DeliveryFailure | undefined;
}

/** Why the target did not get the event: what its dead letter says. */
export interface DeliveryFailure {
  readonly code: string;
  readonly message: string;
  readonly retryAttempts: number;
  readonly exhausted?: "MaximumRetryAttempts" | "MaximumEventAgeInSeconds";
}

/**
 * The durable record of every (event, rule, target). Each write is durable when its call returns.
 *
 * A settled delivery is kept until it is pruned, so that a crash of the queues behind it can be made good.
 */
export interface Journal {
  /** Records an event with its deliveries and answers their ids. */
  accept(event: ServiceEventEnvelope, deliveries: readonly RuleDelivery[], nowMs: number): readonly number[];
  find(id: number): OpenDelivery | undefined;
  listOpen(): readonly number[];
  postpone(id: number, attempts: number, nextAttemptAt: number): void;
  /** Gives the target up: what is left is the dead letter. */
  exhaust(id: number, failure: DeliveryFailure, nowMs: number): void;
  settle(id: number, state: "delivered" | "dead_lettered" | "dropped", nowMs: number): void;
  /** Opens again what was settled in the `windowMs` before the last settlement; answers how many. */
  reopenRecent(windowMs: number, nowMs: number): number;
  /** Forgets what was settled before `beforeMs`. */
  prune(beforeMs: number): void;
  /** False when the process that last wrote here never said it stopped. */
  wasStoppedCleanly(): boolean;
  recordRunning(): void;
  recordStopped(): void;
}

const schema = `
  CREATE TABLE IF NOT EXISTS event_bridge_events (
    event_id TEXT PRIMARY KEY, event TEXT NOT NULL, accepted_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS event_bridge_deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, rule_arn TEXT NOT NULL,
    target_id TEXT NOT NULL, plan TEXT NOT NULL, payload TEXT, state TEXT NOT NULL,
    attempts INTEGER NOT NULL, next_attempt_at INTEGER NOT NULL, settled_at INTEGER, failure TEXT,
    UNIQUE (event_id, rule_arn, target_id)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS event_bridge_deliveries_by_settlement ON event_bridge_deliveries (settled_at);
  CREATE TABLE IF NOT EXISTS event_bridge_process (only INTEGER PRIMARY KEY CHECK (only = 1), state TEXT) STRICT;
`;

/** Opens the journal kept in `database`. */
export function openJournal(database: DatabaseSync): Journal {
  database.exec(schema);
  return {
    ...openAcceptance(database),
    ...openReads(database),
    ...openProgress(database),
    ...openRetention(database),
    ...openProcessRecord(database),
  };
}

function openAcceptance(database: DatabaseSync): Pick<Journal, "accept"> {
  const addEvent = database.prepare("INSERT INTO event_bridge_events VALUES (?, ?, ?)");
  const addDelivery = database.prepare(`
    INSERT INTO event_bridge_deliveries
      (event_id, rule_arn, target_id, plan, payload, state, attempts, next_attempt_at)
    VALUES (?, ?, ?, ?, ?, 'pending', 0, ?)`);
  return {
    accept: (event, deliveries, nowMs) =>
      inTransaction(database, () => {
        addEvent.run(event.id, JSON.stringify(event), nowMs);
        return deliveries.map(({ ruleArn, targetId, payload, ...plan }) => {
          const added = addDelivery.run(
            event.id,
            ruleArn,
            targetId,
            JSON.stringify(plan),
            payload ?? null,
            nowMs,
          );
          return Number(added.lastInsertRowid);
        });
      }),
  };
}

function openReads(database: DatabaseSync): Pick<Journal, "find" | "listOpen"> {
  const find = database.prepare(`
    SELECT * FROM event_bridge_deliveries JOIN event_bridge_events USING (event_id)
    WHERE id = ? AND state IN ('pending', 'exhausted')`);
  const listOpen = database.prepare(
    "SELECT id FROM event_bridge_deliveries WHERE settled_at IS NULL ORDER BY id",
  );
  return {
    find: (id) => {
      const row = find.get(id);
      return row && readDelivery(row);
    },
    listOpen: () => listOpen.all().map((row) => Number(row["id"])),
  };
}

function readDelivery(row: Record<string, unknown>): OpenDelivery {
  const plan = JSON.parse(String(row["plan"])) as Omit<PlannedDelivery, "targetId" | "payload">;
  const event = String(row["event"]);
  return {
    id: Number(row["id"]),
    state: row["state"] as OpenDelivery["state"],
    ruleArn: String(row["rule_arn"]),
    target: plan.target,
    payload: row["payload"] === null ? event : String(row["payload"]),
    event,
    maximumRetryAttempts: plan.maximumRetryAttempts,
    maximumEventAgeInSeconds: plan.maximumEventAgeInSeconds,
    deadLetterArn: plan.deadLetterArn,
    acceptedAt: Number(row["accepted_at"]),
    attempts: Number(row["attempts"]),
    nextAttemptAt: Number(row["next_attempt_at"]),
    failure: row["failure"] === null ? undefined : (JSON.parse(String(row["failure"])) as DeliveryFailure),
  };
}

function openProgress(database: DatabaseSync): Pick<Journal, "postpone" | "exhaust" | "settle"> {
  const postpone = database.prepare(
    "UPDATE event_bridge_deliveries SET attempts = ?, next_attempt_at = ? WHERE id = ?",
  );
  const exhaust = database.prepare(`
    UPDATE event_bridge_deliveries SET state = 'exhausted', attempts = 0, next_attempt_at = ?, failure = ?
    WHERE id = ?`);
  const settle = database.prepare(
    "UPDATE event_bridge_deliveries SET state = ?, settled_at = ? WHERE id = ?",
  );
  return {
    postpone: (id, attempts, nextAttemptAt) => void postpone.run(attempts, nextAttemptAt, id),
    exhaust: (id, failure, nowMs) => void exhaust.run(nowMs, JSON.stringify(failure), id),
    settle: (id, state, nowMs) => void settle.run(state, nowMs, id),
  };
}

function openRetention(database: DatabaseSync): Pick<Journal, "reopenRecent" | "prune"> {
  // The crash came after the last settlement, so a window that ends there misses nothing lost in the crash,
  // however long the process was down.
  const reopen = database.prepare(`
    UPDATE event_bridge_deliveries
    SET state = CASE state WHEN 'delivered' THEN 'pending' ELSE 'exhausted' END,
      attempts = 0, next_attempt_at = ?, settled_at = NULL
    WHERE state IN ('delivered', 'dead_lettered')
      AND settled_at >= (SELECT MAX(settled_at) FROM event_bridge_deliveries) - ?`);
  const forgetDeliveries = database.prepare("DELETE FROM event_bridge_deliveries WHERE settled_at < ?");
  const forgetEvents = database.prepare(`
    DELETE FROM event_bridge_events
    WHERE NOT EXISTS (SELECT 1 FROM event_bridge_deliveries d WHERE d.event_id = event_bridge_events.event_id)`);
  return {
    reopenRecent: (windowMs, nowMs) => Number(reopen.run(nowMs, windowMs).changes),
    prune: (beforeMs) =>
      inTransaction(database, () => {
        if (forgetDeliveries.run(beforeMs).changes > 0) forgetEvents.run();
      }),
  };
}

function openProcessRecord(
  database: DatabaseSync,
): Pick<Journal, "wasStoppedCleanly" | "recordRunning" | "recordStopped"> {
  const read = database.prepare("SELECT state FROM event_bridge_process");
  const write = database.prepare("INSERT OR REPLACE INTO event_bridge_process VALUES (1, ?)");
  return {
    wasStoppedCleanly: () => read.get()?.["state"] !== "running",
    recordRunning: () => void write.run("running"),
    recordStopped: () => void write.run("stopped"),
  };
}
