import { createHash, randomBytes } from "node:crypto";
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { OutcomeUnknownError } from "@countersign/core/error/errors";
import type {
  ClosedRefusals,
  RefusalCounters,
  RefusalKey,
  UnrecordedRefusals,
} from "@countersign/core/refusals/refusal-counters";
import { isThrottle, isTransient, orUnavailable, unavailable } from "../sdk-error.ts";
import { openPartition, openShards } from "./execution-item.ts";
import type { Item } from "./item.ts";
import { listOpenKeys } from "./open-keys.ts";
import type { StateSource } from "./state-source.ts";
import { stateAttributes as names } from "./tables.ts";

/** How long an answer to a caller waits for a count to be written. */
const maxWaitMs = 500;
/** A count nobody has recorded in all this time is given up. */
const keptSeconds = 30 * 86_400;
const kind = "REFUSED#";

/**
 * Adds up refusals in one item for each minute, reason and source prefix.
 *
 * The client must not retry by itself: an update whose answer was lost would be added twice.
 */
export function createRefusalCounters({ dynamodb, table }: StateSource): RefusalCounters {
  return {
    async add(key, count) {
      const command = addition(table, key, count);
      try {
        await dynamodb.send(command, { abortSignal: AbortSignal.timeout(maxWaitMs) });
      } catch (error) {
        if (isThrottle(error)) throw unavailable(`table ${table}`, error);
        if (!isTransient(error)) throw error;
        throw new OutcomeUnknownError("store.unavailable", `table ${table} did not answer a count`, {
          cause: error,
        });
      }
    },
  };
}

function addition(table: string, key: RefusalKey, count: number): UpdateItemCommand {
  return new UpdateItemCommand({
    TableName: table,
    Key: itemKey(key),
    UpdateExpression: "SET #x = :expiresAt, #i = :open, #y = if_not_exists(#y, :series) ADD #n :count",
    ExpressionAttributeNames: {
      "#x": names.expiresAt,
      "#i": names.open,
      "#y": names.series,
      "#n": names.count,
    },
    ExpressionAttributeValues: {
      ":expiresAt": { N: String(Math.floor(key.minute / 1000) + keptSeconds) },
      ":open": { S: openPartition("refusals", shardOf(key)) },
      ":series": { S: newSeries() },
      ":count": { N: String(count) },
    },
  });
}

/** Finds counts through the sparse index of what is to be done, and takes them out as they are recorded. */
export function createUnrecordedRefusals(source: StateSource): UnrecordedRefusals {
  return {
    async *list() {
      for await (const key of listOpenKeys(source, "refusals")) yield refusalKeyOf(key);
    },
    close: (key) => close(source, key),
    async remove(closed) {
      if (!(await removeWhole(source, closed))) await keepWhatWasAdded(source, closed);
    },
  };
}

async function close({ dynamodb, table }: StateSource, key: RefusalKey): Promise<ClosedRefusals | undefined> {
  const command = new UpdateItemCommand({
    TableName: table,
    Key: itemKey(key),
    UpdateExpression: "SET #h = if_not_exists(#h, #n)",
    ConditionExpression: "attribute_exists(#n)",
    ExpressionAttributeNames: { "#h": names.closed, "#n": names.count },
    ReturnValues: "ALL_NEW",
  });
  try {
    const { Attributes: item = {} } = await orUnavailable(dynamodb.send(command), `table ${table}`);
    return { ...key, series: item[names.series]?.S ?? "", count: Number(item[names.closed]?.N) };
  } catch (error) {
    // Recorded and removed by another sweeper since it was listed.
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}

/** False when the item is another by now: it was added to, or is gone. */
async function removeWhole({ dynamodb, table }: StateSource, closed: ClosedRefusals): Promise<boolean> {
  const command = new DeleteItemCommand({
    TableName: table,
    Key: itemKey(closed),
    ConditionExpression: "#y = :series AND #n = :count",
    ExpressionAttributeNames: { "#y": names.series, "#n": names.count },
    ExpressionAttributeValues: { ":series": { S: closed.series }, ":count": { N: String(closed.count) } },
  });
  return metCondition(orUnavailable(dynamodb.send(command), `table ${table}`));
}

/** What came in after the count was closed becomes a count of its own. */
async function keepWhatWasAdded({ dynamodb, table }: StateSource, closed: ClosedRefusals): Promise<void> {
  const command = new UpdateItemCommand({
    TableName: table,
    Key: itemKey(closed),
    UpdateExpression: "SET #n = #n - :count, #y = :next REMOVE #h",
    ConditionExpression: "#y = :series",
    ExpressionAttributeNames: { "#y": names.series, "#n": names.count, "#h": names.closed },
    ExpressionAttributeValues: {
      ":series": { S: closed.series },
      ":next": { S: newSeries() },
      ":count": { N: String(closed.count) },
    },
  });
  await metCondition(orUnavailable(dynamodb.send(command), `table ${table}`));
}

async function metCondition(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

function itemKey({ minute, reason, sourcePrefix }: RefusalKey): Item {
  return { [names.partition]: { S: `${kind}${minute}#${reason}#${sourcePrefix}` } };
}

function refusalKeyOf(key: Item): RefusalKey {
  const [minute, reason = "", sourcePrefix = ""] = (key[names.partition]?.S ?? "")
    .slice(kind.length)
    .split("#");
  return { minute: Number(minute), reason, sourcePrefix };
}

function shardOf({ minute, reason, sourcePrefix }: RefusalKey): number {
  const text = `${minute}#${reason}#${sourcePrefix}`;
  return createHash("sha256").update(text).digest().readUInt32BE(0) % openShards;
}

function newSeries(): string {
  return randomBytes(6).toString("base64url");
}
