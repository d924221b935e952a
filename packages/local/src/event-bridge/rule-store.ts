import type { DatabaseSync } from "node:sqlite";
import { account, region } from "../wire/account.ts";
import { inTransaction } from "../wire/transaction.ts";
import type { Target } from "./target-schema.ts";

export type RuleState = "ENABLED" | "DISABLED";

export interface Rule {
  readonly bus: string;
  readonly name: string;
  readonly pattern: string;
  readonly state: RuleState;
  readonly description: string | null;
}

export interface EventBus {
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: number;
}

export const defaultBus = "default";

/** The ARN of an event bus. */
export function busArn(name: string): string {
  return `arn:aws:events:${region}:${account}:event-bus/${name}`;
}

/** The ARN of a rule; the default bus goes unnamed in it. */
export function ruleArn(rule: { readonly bus: string; readonly name: string }): string {
  const path = rule.bus === defaultBus ? rule.name : `${rule.bus}/${rule.name}`;
  return `arn:aws:events:${region}:${account}:rule/${path}`;
}

/** Buses, rules and targets, each write durable when its call returns; lists are sorted by name or id. */
export interface RuleStore {
  findBus(name: string): EventBus | undefined;
  listBuses(): readonly EventBus[];
  addBus(bus: EventBus): void;
  removeBus(name: string): void;
  findRule(bus: string, name: string): Rule | undefined;
  listRules(bus: string): readonly Rule[];
  putRule(rule: Rule): void;
  setState(bus: string, name: string, state: RuleState): void;
  removeRule(bus: string, name: string): void;
  listTargets(bus: string, rule: string): readonly Target[];
  /** Replaces the targets with the same ids. */
  putTargets(bus: string, rule: string, targets: readonly Target[]): void;
  removeTargets(bus: string, rule: string, ids: readonly string[]): void;
}

const schema = `
  CREATE TABLE IF NOT EXISTS event_bridge_buses (
    name TEXT PRIMARY KEY, description TEXT, created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS event_bridge_rules (
    bus TEXT NOT NULL, name TEXT NOT NULL, pattern TEXT NOT NULL, state TEXT NOT NULL, description TEXT,
    PRIMARY KEY (bus, name)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS event_bridge_targets (
    bus TEXT NOT NULL, rule TEXT NOT NULL, id TEXT NOT NULL, target TEXT NOT NULL,
    PRIMARY KEY (bus, rule, id)
  ) STRICT;
`;

/** Opens the rules kept in `database`, making the default bus when it is new. */
export function openRuleStore(database: DatabaseSync, nowMs: number): RuleStore {
  database.exec(schema);
  database.prepare("INSERT OR IGNORE INTO event_bridge_buses VALUES (?, NULL, ?)").run(defaultBus, nowMs);
  return { ...openBuses(database), ...openRules(database), ...openTargets(database) };
}

function openBuses(
  database: DatabaseSync,
): Pick<RuleStore, "findBus" | "listBuses" | "addBus" | "removeBus"> {
  const columns = "name, description, created_at AS createdAt";
  const find = database.prepare(`SELECT ${columns} FROM event_bridge_buses WHERE name = ?`);
  const list = database.prepare(`SELECT ${columns} FROM event_bridge_buses ORDER BY name`);
  const add = database.prepare("INSERT INTO event_bridge_buses VALUES (?, ?, ?)");
  const remove = database.prepare("DELETE FROM event_bridge_buses WHERE name = ?");
  return {
    findBus: (name) => find.get(name) as EventBus | undefined,
    listBuses: () => list.all() as unknown as EventBus[],
    addBus: (bus) => void add.run(bus.name, bus.description, bus.createdAt),
    removeBus: (name) => void remove.run(name),
  };
}

function openRules(
  database: DatabaseSync,
): Pick<RuleStore, "findRule" | "listRules" | "putRule" | "setState" | "removeRule"> {
  const find = database.prepare("SELECT * FROM event_bridge_rules WHERE bus = ? AND name = ?");
  const list = database.prepare("SELECT * FROM event_bridge_rules WHERE bus = ? ORDER BY name");
  const put = database.prepare("INSERT OR REPLACE INTO event_bridge_rules VALUES (?, ?, ?, ?, ?)");
  const setState = database.prepare("UPDATE event_bridge_rules SET state = ? WHERE bus = ? AND name = ?");
  const remove = database.prepare("DELETE FROM event_bridge_rules WHERE bus = ? AND name = ?");
  return {
    findRule: (bus, name) => find.get(bus, name) as Rule | undefined,
    listRules: (bus) => list.all(bus) as unknown as Rule[],
    putRule: (rule) => void put.run(rule.bus, rule.name, rule.pattern, rule.state, rule.description),
    setState: (bus, name, state) => void setState.run(state, bus, name),
    removeRule: (bus, name) => void remove.run(bus, name),
  };
}

function openTargets(
  database: DatabaseSync,
): Pick<RuleStore, "listTargets" | "putTargets" | "removeTargets"> {
  const list = database.prepare(
    "SELECT target FROM event_bridge_targets WHERE bus = ? AND rule = ? ORDER BY id",
  );
  const put = database.prepare("INSERT OR REPLACE INTO event_bridge_targets VALUES (?, ?, ?, ?)");
  const remove = database.prepare("DELETE FROM event_bridge_targets WHERE bus = ? AND rule = ? AND id = ?");
  return {
    listTargets: (bus, rule) => list.all(bus, rule).map((row) => JSON.parse(String(row["target"])) as Target),
    putTargets: (bus, rule, targets) =>
      inTransaction(database, () => {
        for (const target of targets) put.run(bus, rule, target.Id, JSON.stringify(target));
      }),
    removeTargets: (bus, rule, ids) =>
      inTransaction(database, () => {
        for (const id of ids) remove.run(bus, rule, id);
      }),
  };
}
