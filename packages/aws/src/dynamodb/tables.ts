import type { AttributeDefinition, CreateTableInput, GlobalSecondaryIndex } from "@aws-sdk/client-dynamodb";

/**
 * Attribute names of the ledger table; short, because writes are billed by the kilobyte, names included.
 *
 * `pk` and `sk` are the entry's key. `e` holds an entry's bytes verbatim, `v` those of an overflow item.
 * `t` is the sort key of all indexes, `d`, `s`, `c`, `w`, `o` and `g` are their partitions: time, subject,
 * client, workflow, outcome, first scope. The row of a further scope points at its entry by `rp` and `rs`.
 * `x` is the time to live.
 */
export const ledgerAttributes = {
  partition: "pk",
  sort: "sk",
  entry: "e",
  overflow: "v",
  time: "t",
  day: "d",
  subject: "s",
  client: "c",
  workflow: "w",
  outcome: "o",
  scope: "g",
  rowPartition: "rp",
  rowSort: "rs",
  expiresAt: "x",
} as const;

/** Name and partition attribute of each index of the ledger table. */
export const ledgerIndexes = {
  time: { name: "byTime", partition: ledgerAttributes.day },
  subject: { name: "bySubject", partition: ledgerAttributes.subject },
  client: { name: "byClient", partition: ledgerAttributes.client },
  workflow: { name: "byWorkflow", partition: ledgerAttributes.workflow },
  outcome: { name: "byOutcome", partition: ledgerAttributes.outcome },
  scope: { name: "byScope", partition: ledgerAttributes.scope },
} as const;

/**
 * Attribute names of the state table.
 *
 * `pk` names the item by its kind: `EXECUTION#`, `SEAL#`, `RATE#`, `USED#`, `BLOCK#`, `KEY#`, `REFUSED#`, `SUBJECT#`,
 * `ERASURE#`, `RECONCILE#`. An execution has its
 * state in `s`, its revision in `r`, a mark of the write in `w`, and in `i` its partition of the `open` index
 * while it is in it. A seal has its ciphertext in `c`, a start rate its count in `n`, a subject's key its id in `k` and the wrapped
 * key in `c`, a block its time in `n`, a used token its execution in `s`. Refusals of a minute, reason and
 * source prefix have their count in `n`, its series in `y`, in `h` the count as it was closed to be recorded, and
 * are in the `open` index until they are. The mapping of a subject to its reference has the reference in `s`, and in
 * `k` and `c` the `sub` under the reference's own key. An intent to erase is in `s`, and in the `open` index. A reconciler's
 * progress is in `s`. `x` is the time to live, in epoch seconds.
 */
export const stateAttributes = {
  partition: "pk",
  state: "s",
  revision: "r",
  write: "w",
  open: "i",
  ciphertext: "c",
  count: "n",
  keyId: "k",
  series: "y",
  closed: "h",
  expiresAt: "x",
} as const;

/** The sparse index of executions and counts that something is still to be done about. */
export const openIndex = "open";

/** The append-only ledger table: entries, scope rows and overflow items. */
export function ledgerTable(tableName: string): CreateTableInput {
  const { partition, sort, time } = ledgerAttributes;
  const indexes = Object.values(ledgerIndexes);
  return {
    TableName: tableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [partition, sort, time, ...indexes.map((index) => index.partition)].map(text),
    KeySchema: [
      { AttributeName: partition, KeyType: "HASH" },
      { AttributeName: sort, KeyType: "RANGE" },
    ],
    GlobalSecondaryIndexes: indexes.map((index) => keysOnly(index.name, index.partition, time)),
    StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
  };
}

/** The table of what changes: execution states, seals, start rates, blocks, subjects' keys and names, counts, intents. */
export function stateTable(tableName: string): CreateTableInput {
  const { partition, open } = stateAttributes;
  return {
    TableName: tableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [partition, open].map(text),
    KeySchema: [{ AttributeName: partition, KeyType: "HASH" }],
    // Sorted by the table's own key: nothing an update of an open execution changes is in the index, so
    // that only entering and leaving it cost a write.
    GlobalSecondaryIndexes: [keysOnly(openIndex, open, partition)],
  };
}

function text(name: string): AttributeDefinition {
  return { AttributeName: name, AttributeType: "S" };
}

function keysOnly(name: string, partition: string, sort: string): GlobalSecondaryIndex {
  return {
    IndexName: name,
    KeySchema: [
      { AttributeName: partition, KeyType: "HASH" },
      { AttributeName: sort, KeyType: "RANGE" },
    ],
    Projection: { ProjectionType: "KEYS_ONLY" },
  };
}
