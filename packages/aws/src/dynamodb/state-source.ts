import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

/** Where what changes is kept. */
export interface StateSource {
  readonly dynamodb: DynamoDBClient;
  readonly table: string;
}
