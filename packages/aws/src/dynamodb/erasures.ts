import { createHash } from "node:crypto";
import { DeleteItemCommand, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { Erasure, ErasureIntents } from "@countersign/core/subject/subject-records";
import { orUnavailable } from "../sdk-error.ts";
import { openPartition, openShards } from "./execution-item.ts";
import type { Item } from "./item.ts";
import { listOpenKeys } from "./open-keys.ts";
import type { StateSource } from "./state-source.ts";
import { stateAttributes as names } from "./tables.ts";

const kind = "ERASURE#";

/** Intents to erase, an item each, found through the sparse index of what is to be done. */
export function createErasureIntents(source: StateSource): ErasureIntents {
  const { dynamodb, table } = source;
  return {
    async put(erasure) {
      const command = new PutItemCommand({
        TableName: table,
        Item: {
          ...itemKey(erasure.id),
          [names.state]: { S: JSON.stringify(erasure) },
          [names.open]: { S: openPartition("erasures", shardOf(erasure.id)) },
        },
      });
      await orUnavailable(dynamodb.send(command), `table ${table}`);
    },

    async *list() {
      for await (const key of listOpenKeys(source, "erasures")) {
        const erasure = await read(source, key);
        if (erasure) yield erasure;
      }
    },

    async remove(id) {
      const command = new DeleteItemCommand({ TableName: table, Key: itemKey(id) });
      await orUnavailable(dynamodb.send(command), `table ${table}`);
    },
  };
}

/** Undefined when it was carried out since it was listed. */
async function read({ dynamodb, table }: StateSource, key: Item): Promise<Erasure | undefined> {
  const Key = { [names.partition]: { S: key[names.partition]?.S ?? "" } };
  const command = new GetItemCommand({ TableName: table, Key, ConsistentRead: true });
  const { Item: item } = await orUnavailable(dynamodb.send(command), `table ${table}`);
  const text = item?.[names.state]?.S;
  return text === undefined ? undefined : (JSON.parse(text) as Erasure);
}

function itemKey(id: string): Item {
  return { [names.partition]: { S: `${kind}${id}` } };
}

function shardOf(id: string): number {
  return createHash("sha256").update(id).digest().readUInt32BE(0) % openShards;
}
