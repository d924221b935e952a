import { ledgerAttributes, ledgerTable, stateAttributes, stateTable } from "@countersign/aws/dynamodb/tables";
import { byFunctionsThrough, byOperatorsThrough, createKey } from "./key.ts";
import { kept, type Stage } from "./stage.ts";

export type Ledger = ReturnType<typeof createLedger>;

type Definition = ReturnType<typeof ledgerTable>;

/** The two tables, from the definitions that the adapters work on. */
export function createLedger(stage: Stage) {
  const key = tablesKey(stage);
  return {
    entries: createTable(stage, "Ledger", ledgerTable("ledger"), ledgerAttributes.expiresAt, key),
    states: createTable(stage, "State", stateTable("state"), stateAttributes.expiresAt, key),
  };
}

function tablesKey(stage: Stage): aws.kms.Key {
  const use = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"];
  const reEncrypt = ["kms:ReEncryptFrom", "kms:ReEncryptTo"];
  return createKey(stage, "TablesKey", "tables at rest", [
    byFunctionsThrough(stage, "dynamodb", [...use, ...reEncrypt]),
    // CreateGrant is how DynamoDB keeps its own access, when a table is created or restored.
    byOperatorsThrough(stage, "dynamodb", [...use, ...reEncrypt, "kms:CreateGrant"]),
  ]);
}

function createTable(stage: Stage, name: string, definition: Definition, ttl: string, key: aws.kms.Key) {
  const {
    AttributeDefinitions = [],
    KeySchema = [],
    GlobalSecondaryIndexes = [],
    StreamSpecification,
  } = definition;
  return new sst.aws.Dynamo(name, {
    fields: Object.fromEntries(AttributeDefinitions.map((attribute) => [attribute.AttributeName, "string"])),
    primaryIndex: keysOf(KeySchema),
    globalIndexes: Object.fromEntries(
      GlobalSecondaryIndexes.map((index) => [
        index.IndexName,
        { ...keysOf(index.KeySchema ?? []), projection: "keys-only" },
      ]),
    ),
    ...(StreamSpecification && { stream: "new-and-old-images" }),
    ttl,
    deletionProtection: stage.isProduction,
    transform: {
      table: (args, options) => {
        args.serverSideEncryption = { enabled: true, kmsKeyArn: key.arn };
        Object.assign(options, kept(stage));
      },
    },
  });
}

function keysOf(schema: NonNullable<Definition["KeySchema"]>) {
  const attributeOf = (type: "HASH" | "RANGE") => schema.find((key) => key.KeyType === type)?.AttributeName;
  const rangeKey = attributeOf("RANGE");
  return { hashKey: attributeOf("HASH") ?? "", ...(rangeKey && { rangeKey }) };
}
