import { type DynamoDBClient, PutItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import type { Item } from "@countersign/aws/dynamodb/item";
import { names } from "@countersign/local/runtime/provision";

/** An item and the table it belongs to. */
export interface Put {
  readonly table: string;
  readonly item: Item;
}

/** The entries of executions as the recorder wrote them. */
export async function readEntries(dynamodb: DynamoDBClient, arns: readonly string[]): Promise<Item[]> {
  const pages = arns.map(async (arn) => {
    const { Items = [] } = await dynamodb.send(
      new QueryCommand({
        TableName: names.ledger,
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": { S: `EXECUTION#${arn}` } },
      }),
    );
    return Items;
  });
  return (await Promise.all(pages)).flat();
}

/** The same item under another execution of the same length: as large, in the same indexes, and absent. */
export function underAnother(item: Item, arn: string): Item {
  return { ...item, pk: { S: `EXECUTION#${arn}` } };
}

/** Puts under the condition that there is no such item, a number of them in flight at all times. */
export async function putAll(
  dynamodb: DynamoDBClient,
  puts: readonly Put[],
  inFlight: number,
): Promise<void> {
  const rest = puts.values();
  const worker = async (): Promise<void> => {
    for (const { table, item } of rest) {
      await dynamodb.send(
        new PutItemCommand({
          TableName: table,
          Item: item,
          ConditionExpression: "attribute_not_exists(pk)",
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        }),
      );
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}
