import { ConditionalCheckFailedException, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import type { Clock } from "@countersign/core/clock";
import { RefusedError } from "@countersign/core/error/errors";
import type { StartRate } from "@countersign/core/policy/limits";
import { orUnavailable } from "../sdk-error.ts";
import type { StateSource } from "./executions.ts";
import { stateAttributes as names } from "./tables.ts";

const minuteMillis = 60_000;
/** Long enough that no clock of ours counts into a minute that was taken away. */
const keptMinutes = 60;

/**
 * Counts starts in one item for each workflow and minute; one conditional update for each start.
 *
 * A start whose answer was lost may be counted twice, so that no more than the limit ever pass.
 */
export function createStartRate(source: StateSource & { readonly clock: Clock }): StartRate {
  return { take: (workflow, perMinute) => take(source, workflow, perMinute) };
}

async function take(
  { dynamodb, table, clock }: StateSource & { readonly clock: Clock },
  workflow: string,
  perMinute: number,
): Promise<void> {
  const now = clock.now();
  const minute = Math.floor(now / minuteMillis);
  const command = new UpdateItemCommand({
    TableName: table,
    Key: { [names.partition]: { S: `RATE#${workflow}#${minute}` } },
    UpdateExpression: "SET #x = :expiresAt ADD #n :one",
    ConditionExpression: "attribute_not_exists(#n) OR #n < :limit",
    ExpressionAttributeNames: { "#n": names.count, "#x": names.expiresAt },
    ExpressionAttributeValues: {
      ":one": { N: "1" },
      ":limit": { N: String(perMinute) },
      ":expiresAt": { N: String((minute + keptMinutes) * 60) },
    },
  });
  try {
    await orUnavailable(dynamodb.send(command), `table ${table}`);
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    throw new RefusedError(
      "policy.start_rate_exceeded",
      `workflow "${workflow}" has had its ${perMinute} starts of this minute`,
      { cause: error, retryAfterSeconds: Math.ceil(((minute + 1) * minuteMillis - now) / 1000) },
    );
  }
}
