import {
  type AttributeValue,
  type CreateTableInput,
  type DynamoDBClient,
  GetItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { Item } from "@countersign/aws/dynamodb/item";
import { ledgerTable, stateTable } from "@countersign/aws/dynamodb/tables";
import { type WriteUnits, writeUnits } from "@countersign/aws/dynamodb/write-units";
import { names } from "@countersign/local/runtime/provision";
import type { Exchange } from "./recording-proxy.ts";
import { itemKind } from "./request-name.ts";

/** A write that DynamoDB would bill. */
export interface BilledWrite {
  /** The execution it is about. */
  readonly execution: string | undefined;
  /** Whether it says that the execution has ended. */
  readonly closes: boolean;
  /** What was written, such as `execution state, revision 2` or `entry execution.started`. */
  readonly what: string;
  /** A write refused by its condition is billed like one that was made. */
  readonly refused: boolean;
  readonly units: WriteUnits;
}

const tables: Readonly<Record<string, CreateTableInput>> = {
  [names.ledger]: ledgerTable(names.ledger),
  [names.state]: stateTable(names.state),
};
const reads = new Set(["GetItem", "BatchGetItem", "Query", "DescribeTable", "CreateTable", "ListTables"]);

/** Follows every item through its writes, so that each is billed by what it turned into what. */
export class BilledWrites {
  readonly writes: BilledWrite[] = [];
  readonly #dynamodb: DynamoDBClient;
  readonly #items = new Map<string, Item>();

  /** `dynamodb` reads what an update made of an item. */
  constructor(dynamodb: DynamoDBClient) {
    this.#dynamodb = dynamodb;
  }

  async add({ operation, parameters, status }: Exchange): Promise<void> {
    if (reads.has(operation)) return;
    const {
      TableName: table,
      Item: put,
      Key: key,
    } = parameters as { TableName: string; Item?: Wire; Key?: Wire };
    const definition = tables[table];
    const identity = put ?? key;
    if (!definition || !identity) throw new Error(`${operation} of table ${table} has no price here`);
    const id = [table, identity["pk"]?.S, identity["sk"]?.S].join(" ");
    const before = this.#items.get(id);
    const refused = status !== 200;
    const after = put ? itemOf(put) : await this.#after(operation, table, itemOf(identity));
    this.writes.push({
      ...about(table, after ?? before ?? itemOf(identity)),
      refused,
      units: writeUnits(definition, before, refused ? before : after),
    });
    if (refused) return;
    if (after) this.#items.set(id, after);
    else this.#items.delete(id);
  }

  async #after(operation: string, table: string, key: Item): Promise<Item | undefined> {
    if (operation === "DeleteItem") return undefined;
    if (operation !== "UpdateItem") throw new Error(`${operation} has no price here`);
    const read = new GetItemCommand({ TableName: table, Key: key, ConsistentRead: true });
    return (await this.#dynamodb.send(read)).Item;
  }
}

/** An item as its JSON says it: binary values are base64. */
type Wire = Record<string, { readonly S?: string; readonly N?: string; readonly B?: string }>;

function itemOf(wire: Wire): Item {
  const values = Object.entries(wire).map(([name, { B, ...value }]) => [
    name,
    B === undefined ? value : { B: Buffer.from(B, "base64") },
  ]);
  return Object.fromEntries(values) as Record<string, AttributeValue>;
}

function about(table: string, item: Item): Pick<BilledWrite, "execution" | "closes" | "what"> {
  const partition = item["pk"]?.S ?? "";
  const owner = item["rp"]?.S ?? partition;
  const revision = item["r"]?.N;
  const bytes = item["e"]?.B;
  const detail = bytes
    ? ` ${(JSON.parse(Buffer.from(bytes).toString("utf8")) as { action: string }).action}`
    : "";
  return {
    execution: /^(?:EXECUTION|SEAL)#(arn:[^#]+)/.exec(owner)?.[1],
    closes: revision !== undefined && item["i"] === undefined,
    what: `${itemKind(table, partition)}${detail}${revision === undefined ? "" : `, revision ${revision}`}`,
  };
}
