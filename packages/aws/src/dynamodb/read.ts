import { setTimeout as delay } from "node:timers/promises";
import {
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
  type DynamoDBClient,
  type KeysAndAttributes,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
} from "@aws-sdk/client-dynamodb";
import { UnavailableError } from "@countersign/core/error/errors";
import { orUnavailable } from "../sdk-error.ts";
import type { Item } from "./item.ts";

/** The most keys BatchGetItem takes. */
const batchSize = 100;
const batchTries = 8;

/**
 * Reads items by key, in any order, leaving out those that do not exist.
 *
 * Keys must differ from one another. What DynamoDB leaves unprocessed is asked for again.
 *
 * @throws {UnavailableError} `store.unavailable`.
 */
export async function getItems(
  dynamodb: DynamoDBClient,
  table: string,
  keys: readonly Item[],
  options: {
    readonly consistent: boolean /** Attributes to read; all unless given. */;
    readonly only?: readonly string[];
  },
): Promise<Item[]> {
  const batches: Item[][] = [];
  for (let at = 0; at < keys.length; at += batchSize) batches.push(keys.slice(at, at + batchSize));
  const answers = batches.map((batch) =>
    getBatch(dynamodb, table, {
      Keys: batch,
      ConsistentRead: options.consistent,
      ...projection(options.only),
    }),
  );
  return (await Promise.all(answers)).flat();
}

function projection(only: readonly string[] | undefined) {
  if (!only) return {};
  const names = Object.fromEntries(only.map((name) => [`#${name}`, name]));
  return { ProjectionExpression: Object.keys(names).join(", "), ExpressionAttributeNames: names };
}

async function getBatch(
  dynamodb: DynamoDBClient,
  table: string,
  request: KeysAndAttributes,
): Promise<Item[]> {
  const items: Item[] = [];
  let left: KeysAndAttributes | undefined = request;
  for (let tried = 0; left?.Keys?.length; tried++) {
    if (tried === batchTries)
      throw new UnavailableError("store.unavailable", `table ${table} left keys unread`);
    if (tried > 0) await delay(Math.random() * 25 * 2 ** tried);
    const command = new BatchGetItemCommand({ RequestItems: { [table]: left } });
    const answer: BatchGetItemCommandOutput = await orUnavailable(dynamodb.send(command), `table ${table}`);
    items.push(...(answer.Responses?.[table] ?? []));
    left = answer.UnprocessedKeys?.[table];
  }
  return items;
}

/**
 * Yields every item a query finds, following `LastEvaluatedKey` to its end.
 *
 * @throws {UnavailableError} `store.unavailable`.
 */
export async function* queryItems(
  dynamodb: DynamoDBClient,
  input: QueryCommandInput & { TableName: string },
): AsyncGenerator<Item> {
  let start: Item | undefined;
  do {
    const command = new QueryCommand({ ...input, ...(start && { ExclusiveStartKey: start }) });
    const answer: QueryCommandOutput = await orUnavailable(
      dynamodb.send(command),
      `table ${input.TableName}`,
    );
    yield* answer.Items ?? [];
    start = answer.LastEvaluatedKey;
  } while (start);
}
