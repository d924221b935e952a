import { randomInt } from "node:crypto";
import { type OpenKind, openPartition, openShards } from "./execution-item.ts";
import type { Item } from "./item.ts";
import { queryItems } from "./read.ts";
import type { StateSource } from "./state-source.ts";
import { stateAttributes as names, openIndex } from "./tables.ts";

/**
 * The keys of all items of one kind in the `open` index.
 *
 * From another shard each time, so that who can't read them all in one go gets to each in turn.
 */
export async function* listOpenKeys({ dynamodb, table }: StateSource, kind: OpenKind): AsyncGenerator<Item> {
  const first = randomInt(openShards);
  for (let read = 0; read < openShards; read += 1) {
    const shard = (first + read) % openShards;
    yield* queryItems(dynamodb, {
      TableName: table,
      IndexName: openIndex,
      KeyConditionExpression: "#i = :partition",
      ExpressionAttributeNames: { "#i": names.open },
      ExpressionAttributeValues: { ":partition": { S: openPartition(kind, shard) } },
    });
  }
}
