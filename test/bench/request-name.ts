import { names } from "@countersign/local/runtime/provision";

/** An operation of the AWS JSON protocols and its parameters. */
export interface AwsRequest {
  readonly operation: string;
  readonly parameters: Record<string, unknown>;
}

export const startRate = "start rate";
export const subjectsKey = "subject's key";

const stateItems: Readonly<Record<string, string>> = {
  EXECUTION: "execution state",
  SEAL: "seal",
  RATE: startRate,
  BLOCK: "block lists",
  KEY: subjectsKey,
};
const ledgerItems: Readonly<Record<string, string>> = {
  EXECUTION: "entry",
  SCOPE: "scope row",
  OVERFLOW: "overflow item",
};

/** The operation of an AWS request, told by its target header. */
export function operationOf(target: string): string {
  return target.slice(target.lastIndexOf(".") + 1);
}

/** What a request is for, such as `PutItem seal`. */
export function requestName({ operation, parameters }: AwsRequest): string {
  const item = itemNamed(parameters);
  return item === undefined ? operation : `${operation} ${item}`;
}

/** The kind of item that a table's item or key is, told by the prefix of its partition key. */
export function itemKind(table: string, partition: string): string {
  const kind = partition.slice(0, partition.indexOf("#"));
  return (table === names.ledger ? ledgerItems : stateItems)[kind] ?? kind;
}

function itemNamed(parameters: Record<string, unknown>): string | undefined {
  const text = JSON.stringify(parameters);
  const partition = /"pk":\{"S":"([A-Z]+#)/.exec(text)?.[1];
  if (partition === undefined) return undefined;
  const table = text.includes(`"${names.ledger}"`) ? names.ledger : names.state;
  return itemKind(table, partition);
}
