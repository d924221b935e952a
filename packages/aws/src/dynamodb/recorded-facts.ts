import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type EntryKey, entryId } from "@countersign/core/entry/entry-key";
import type { RecordedFacts } from "@countersign/core/reconciler/reconcile-execution";
import { getItems } from "./read.ts";
import { ledgerAttributes as names } from "./tables.ts";

/** Tells which keys of the ledger table hold an entry, a hundred to a request, without reading the entries out. */
export function createRecordedFacts(ledger: { dynamodb: DynamoDBClient; table: string }): RecordedFacts {
  return {
    async among(keys: readonly EntryKey[]) {
      const distinct = [...new Map(keys.map((key) => [entryId(key), key])).values()];
      const items = await getItems(
        ledger.dynamodb,
        ledger.table,
        distinct.map(({ pk, sk }) => ({ [names.partition]: { S: pk }, [names.sort]: { S: sk } })),
        { consistent: true, only: [names.partition, names.sort] },
      );
      return new Set(
        items.map((item) => entryId({ pk: item[names.partition]?.S ?? "", sk: item[names.sort]?.S ?? "" })),
      );
    },
  };
}
