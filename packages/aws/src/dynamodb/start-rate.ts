import { createHash, randomInt } from "node:crypto";
import { ConditionalCheckFailedException, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import type { Clock } from "@countersign/core/clock";
import { RefusedError } from "@countersign/core/error/errors";
import type { StartBudget, StartRate } from "@countersign/core/policy/limits";
import { orUnavailable } from "../sdk-error.ts";
import type { StateSource } from "./state-source.ts";
import { stateAttributes as names } from "./tables.ts";

const minuteMillis = 60_000;
/** Long enough that no clock of ours counts into a minute that was taken away. */
const keptMinutes = 60;
/** Starts a minute that one item counts, a sixth of what a partition of DynamoDB writes. */
const startsPerShard = 10_000;

type Source = StateSource & { readonly clock: Clock };

/**
 * Counts starts in one item for each budget and minute, or several for a budget that one item would be too
 * hot for; one conditional update for each start.
 *
 * A start whose answer was lost may be counted twice, so that no more than the limit ever pass.
 */
export function createStartRate(source: Source): StartRate {
  return {
    take: async (budgets) => {
      const minute = Math.floor(source.clock.now() / minuteMillis);
      const taken = await Promise.allSettled(budgets.map((budget) => take(source, budget, minute)));
      const counters = taken.flatMap((one) => (one.status === "fulfilled" && one.value ? [one.value] : []));
      const giveBack = async () => {
        await Promise.allSettled(counters.map((key) => giveOneBack(source, key)));
      };
      if (counters.length === budgets.length) return { giveBack };
      await giveBack();
      for (const one of taken) if (one.status === "rejected") throw one.reason;
      const empty = taken.findIndex((one) => one.status === "fulfilled" && one.value === undefined);
      throw exceeded(budgets[empty], (minute + 1) * minuteMillis - source.clock.now());
    },
  };
}

/** From a shard at random, and when that has none left from the others in turn; gives the counter it came from. */
async function take(source: Source, budget: StartBudget, minute: number): Promise<string | undefined> {
  const shards = Math.ceil(budget.perMinute / startsPerShard);
  const first = randomInt(shards);
  for (let tried = 0; tried < shards; tried += 1) {
    const shard = (first + tried) % shards;
    const share = Math.floor(budget.perMinute / shards) + (shard < budget.perMinute % shards ? 1 : 0);
    const key = counterKey(budget, minute, shard);
    if (await takeOne(source, key, share, minute)) return key;
  }
  return undefined;
}

async function giveOneBack({ dynamodb, table }: Source, key: string): Promise<void> {
  const command = new UpdateItemCommand({
    TableName: table,
    Key: { [names.partition]: { S: key } },
    UpdateExpression: "ADD #n :minusOne",
    ConditionExpression: "#n > :zero",
    ExpressionAttributeNames: { "#n": names.count },
    ExpressionAttributeValues: { ":minusOne": { N: "-1" }, ":zero": { N: "0" } },
  });
  await dynamodb.send(command);
}

async function takeOne(
  { dynamodb, table }: Source,
  key: string,
  limit: number,
  minute: number,
): Promise<boolean> {
  const command = new UpdateItemCommand({
    TableName: table,
    Key: { [names.partition]: { S: key } },
    UpdateExpression: "SET #x = :expiresAt ADD #n :one",
    ConditionExpression: "attribute_not_exists(#n) OR #n < :limit",
    ExpressionAttributeNames: { "#n": names.count, "#x": names.expiresAt },
    ExpressionAttributeValues: {
      ":one": { N: "1" },
      ":limit": { N: String(limit) },
      ":expiresAt": { N: String((minute + keptMinutes) * 60) },
    },
  });
  try {
    await orUnavailable(dynamodb.send(command), `table ${table}`);
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

function counterKey({ key }: StartBudget, minute: number, shard: number): string {
  const digest = createHash("sha256").update(key).digest("base64url").slice(0, 22);
  return `RATE#${digest}#${minute}#${shard}`;
}

function exceeded(budget: StartBudget | undefined, restMillis: number): RefusedError {
  return new RefusedError(
    "policy.start_rate_exceeded",
    `the ${budget?.of} has had its ${budget?.perMinute} starts of this minute in this workflow`,
    { retryAfterSeconds: Math.ceil(restMillis / 1000) },
  );
}
