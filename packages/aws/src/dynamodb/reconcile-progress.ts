import { GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { Progress, ReconcileProgress } from "@countersign/core/reconciler/progress";
import { orUnavailable } from "../sdk-error.ts";
import type { Item } from "./item.ts";
import type { StateSource } from "./state-source.ts";
import { stateAttributes as names } from "./tables.ts";

/** Keeps a reconciler's progress in the state table, an item for each state machine. */
export function createReconcileProgress({ dynamodb, table }: StateSource): ReconcileProgress {
  return {
    async get(stateMachineArn) {
      const command = new GetItemCommand({
        TableName: table,
        Key: itemKey(stateMachineArn),
        ConsistentRead: true,
      });
      const { Item: item } = await orUnavailable(dynamodb.send(command), `table ${table}`);
      const text = item?.[names.state]?.S;
      return text === undefined ? undefined : (JSON.parse(text) as Progress);
    },

    async put(stateMachineArn, progress) {
      const item = { ...itemKey(stateMachineArn), [names.state]: { S: JSON.stringify(progress) } };
      const command = new PutItemCommand({ TableName: table, Item: item });
      await orUnavailable(dynamodb.send(command), `table ${table}`);
    },
  };
}

function itemKey(stateMachineArn: string): Item {
  return { [names.partition]: { S: `RECONCILE#${stateMachineArn}` } };
}
