import { DeleteItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { subjectDigest } from "@countersign/core/entry/entry-key";
import type { BlockList, BlockQuery, DenyList } from "@countersign/core/policy/limits";
import { orUnavailable } from "../sdk-error.ts";
import type { Item } from "./item.ts";
import { getItems } from "./read.ts";
import type { StateSource } from "./state-source.ts";
import { stateAttributes as names } from "./tables.ts";

/** One thing to block: exactly one member of a query. */
export type BlockTarget = { [K in keyof BlockQuery]: Pick<BlockQuery, K> }[keyof BlockQuery];

/** What stops every start it names, in the order it is reported. */
const kinds = ["subject", "clientId", "workflow", "fingerprint"] as const satisfies (keyof BlockQuery)[];

/** A denial is kept on after its token's end, for clocks that differ. */
const deniedGraceSeconds = 3600;

/** Block and deny lists that can be written. */
export interface WritableBlockList extends BlockList, DenyList {
  /** Blocks from `at` on; resolves once durable. Safe to repeat. @throws {UnavailableError} `store.unavailable`. */
  block(target: BlockTarget, at: number): Promise<void>;

  /** Lifts a block; absent is success. @throws {UnavailableError} `store.unavailable`. */
  unblock(target: BlockTarget): Promise<void>;
}

/** The block and deny lists in the state table: one item for each thing blocked. */
export function createBlockList({ dynamodb, table }: StateSource): WritableBlockList {
  return {
    async find(query) {
      const keys = kinds.map((kind) => blockKey(kind, query));
      const items = await getItems(dynamodb, table, keys.map(itemKey), { consistent: true });
      const blocked = new Set(items.map((item) => item[names.partition]?.S));
      return kinds.find((_, index) => blocked.has(keys[index]));
    },

    async block(target, at) {
      const item = { ...itemKey(targetKey(target)), [names.count]: { N: String(at) } };
      const command = new PutItemCommand({ TableName: table, Item: item });
      await orUnavailable(dynamodb.send(command), `table ${table}`);
    },

    async deny(fingerprint, until) {
      const item = {
        ...itemKey(targetKey({ fingerprint })),
        [names.expiresAt]: { N: String(Math.ceil(until / 1000) + deniedGraceSeconds) },
      };
      const command = new PutItemCommand({ TableName: table, Item: item });
      await orUnavailable(dynamodb.send(command), `table ${table}`);
    },

    async unblock(target) {
      const command = new DeleteItemCommand({ TableName: table, Key: itemKey(targetKey(target)) });
      await orUnavailable(dynamodb.send(command), `table ${table}`);
    },
  };
}

function targetKey(target: BlockTarget): string {
  const kind = kinds.find((name) => Object.hasOwn(target, name));
  if (!kind) throw new TypeError(`a block names one of ${kinds.join(", ")}`);
  return blockKey(kind, target as BlockQuery);
}

function blockKey(kind: keyof BlockQuery, query: BlockQuery): string {
  return `BLOCK#${kind}#${kind === "subject" ? subjectDigest(query.subject) : query[kind]}`;
}

function itemKey(key: string): Item {
  return { [names.partition]: { S: key } };
}
