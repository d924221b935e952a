import { randomBytes } from "node:crypto";
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { ConflictError } from "@countersign/core/error/errors";
import type { ExecutionState } from "@countersign/core/execution/execution-state";
import type { ExecutionLister, ExecutionStore } from "@countersign/core/execution/execution-store";
import { orUnavailable } from "../sdk-error.ts";
import {
  executionArnOfKey,
  executionItem,
  executionKey,
  executionOf,
  type OpenKind,
} from "./execution-item.ts";
import { listOpenKeys } from "./open-keys.ts";
import type { StateSource } from "./state-source.ts";
import { stateAttributes as names } from "./tables.ts";

/** Keeps execution states in the state table, one item each, written under the revision they were read at. */
export function createExecutionStore(source: StateSource): ExecutionStore & ExecutionLister {
  return new DynamoExecutionStore(source);
}

class DynamoExecutionStore implements ExecutionStore, ExecutionLister {
  readonly #source: StateSource;

  constructor(source: StateSource) {
    this.#source = source;
  }

  async get(executionArn: string): Promise<ExecutionState | undefined> {
    const { dynamodb, table } = this.#source;
    const command = new GetItemCommand({
      TableName: table,
      Key: executionKey(executionArn),
      ConsistentRead: true,
    });
    const { Item: item } = await orUnavailable(dynamodb.send(command), `table ${table}`);
    return item && executionOf(item);
  }

  async put(next: ExecutionState): Promise<void> {
    const { dynamodb, table } = this.#source;
    const item = { ...executionItem(next), [names.write]: { S: randomBytes(6).toString("base64url") } };
    const command = new PutItemCommand({
      TableName: table,
      Item: item,
      ...(next.revision === 1
        ? { ConditionExpression: `attribute_not_exists(${names.partition})` }
        : underRevision(next.revision - 1)),
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    try {
      await orUnavailable(dynamodb.send(command), `table ${table}`);
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // The SDK tries again when an answer is lost: then what stands in the way is our own write.
      if (error.Item?.[names.write]?.S === item[names.write]?.S) return;
      throw new ConflictError(
        "internal",
        `the state of ${next.executionArn} is no longer at revision ${next.revision - 1}`,
        { cause: error },
      );
    }
  }

  async remove(executionArn: string, revision: number): Promise<void> {
    const { dynamodb, table } = this.#source;
    const command = new DeleteItemCommand({
      TableName: table,
      Key: executionKey(executionArn),
      ...underRevision(revision),
    });
    try {
      await orUnavailable(dynamodb.send(command), `table ${table}`);
    } catch (error) {
      // Absent already, or taken up by another writer since: either way not ours to remove.
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }

  listOpen(): AsyncGenerator<string> {
    return this.#list("open");
  }

  listRevoking(): AsyncGenerator<string> {
    return this.#list("revoking");
  }

  async *#list(kind: OpenKind): AsyncGenerator<string> {
    for await (const key of listOpenKeys(this.#source, kind)) yield executionArnOfKey(key);
  }
}

function underRevision(revision: number) {
  return {
    ConditionExpression: "#r = :revision",
    ExpressionAttributeNames: { "#r": names.revision },
    ExpressionAttributeValues: { ":revision": { N: String(revision) } },
  };
}
