import { ConditionalCheckFailedException, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { RefusedError } from "@countersign/core/error/errors";
import type { TokenUses } from "@countersign/core/policy/limits";
import { orUnavailable } from "../sdk-error.ts";
import type { StateSource } from "./state-source.ts";
import { stateAttributes as names } from "./tables.ts";

/** Kept on after the token's end, for clocks that differ. */
const graceSeconds = 3600;

/** Remembers each token by its fingerprint, in an item that names the execution it was used for. */
export function createTokenUses({ dynamodb, table }: StateSource): TokenUses {
  return {
    async take({ fingerprint, executionArn, until }) {
      const command = new PutItemCommand({
        TableName: table,
        Item: {
          [names.partition]: { S: `USED#${fingerprint}` },
          [names.state]: { S: executionArn },
          [names.expiresAt]: { N: String(Math.ceil(until / 1000) + graceSeconds) },
        },
        ConditionExpression: "attribute_not_exists(#pk) OR #s = :executionArn",
        ExpressionAttributeNames: { "#pk": names.partition, "#s": names.state },
        ExpressionAttributeValues: { ":executionArn": { S: executionArn } },
      });
      try {
        await orUnavailable(dynamodb.send(command), `table ${table}`);
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        throw new RefusedError("token.replayed", "the token has started another execution", { field: "jti" });
      }
    },
  };
}
