import { createHash } from "node:crypto";
import type { ExecutionState, Grant } from "@countersign/core/execution/execution-state";
import type { Item } from "./item.ts";
import { stateAttributes as names } from "./tables.ts";

/** Partitions of the `open` index, of each kind. */
export const openShards = 8;

/**
 * What an item is in the index for: an execution that is still open, one that is closed with a revocation not
 * concluded, refusals that are counted and not recorded, or an erasure that is not carried out.
 */
export type OpenKind = "open" | "revoking" | "refusals" | "erasures";

// The whole state is one JSON attribute under one-letter names. Nothing inside is queried or updated by
// itself, every write puts the item whole under the condition of its revision; and short names keep an item
// with a long chain of actors under 1,024 bytes, a single write unit, three times for each execution.
const stateNames = {
  workflow: "w",
  startDate: "d",
  redriveCount: "n",
  status: "t",
  attribution: "a",
  grants: "g",
  open: "o",
} as const satisfies Record<keyof Omit<ExecutionState, "executionArn" | "revision">, string>;

const grantNames = {
  grantId: "i",
  state: "t",
  redriveCount: "n",
  decidedAt: "p",
  startDate: "d",
  subject: "s",
  actors: "a",
  clientId: "c",
  scopes: "o",
  role: "r",
  identityMode: "m",
  policyVersion: "v",
  expiresAt: "x",
  fingerprint: "f",
  requestHash: "h",
  authorizedBy: "b",
  revocation: "k",
} as const satisfies Record<keyof Grant, string>;

const fullStateNames = inverted(stateNames);
const fullGrantNames = inverted(grantNames);

/** Key of an execution's item. */
export function executionKey(executionArn: string): Item {
  return { [names.partition]: { S: `EXECUTION#${executionArn}` } };
}

/** The execution a key of the `open` index names. */
export function executionArnOfKey(key: Item): string {
  return (key[names.partition]?.S ?? "").slice("EXECUTION#".length);
}

/** The item of an execution's state. */
export function executionItem(state: ExecutionState): Item {
  const { executionArn, revision, grants, ...rest } = state;
  const short = renamed({ ...rest, grants: grants.map((grant) => renamed(grant, grantNames)) }, stateNames);
  const kind = kindOf(state);
  return {
    ...executionKey(executionArn),
    [names.state]: { S: JSON.stringify(short) },
    [names.revision]: { N: String(revision) },
    ...(kind && { [names.open]: { S: openPartition(kind, shardOf(executionArn)) } }),
  };
}

/** The state an item holds. */
export function executionOf(item: Item): ExecutionState {
  const short = JSON.parse(item[names.state]?.S ?? "{}") as Record<string, unknown>;
  const state = renamed(short, fullStateNames);
  const grants = state["grants"] as Record<string, unknown>[];
  return {
    executionArn: executionArnOfKey(item),
    ...state,
    grants: grants.map((grant) => renamed(grant, fullGrantNames)),
    revision: Number(item[names.revision]?.N),
  } as unknown as ExecutionState;
}

function kindOf(state: ExecutionState): OpenKind | undefined {
  if (state.open) return "open";
  return state.grants.some((grant) => grant.state === "revoking") ? "revoking" : undefined;
}

/** A partition of the `open` index. */
export function openPartition(kind: OpenKind, shard: number): string {
  return `${kind}#${shard}`;
}

function shardOf(executionArn: string): number {
  return createHash("sha256").update(executionArn).digest().readUInt32BE(0) % openShards;
}

function renamed(value: object, to: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [to[name] ?? name, member]));
}

function inverted(map: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([name, short]) => [short, name]));
}
