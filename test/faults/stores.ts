import { randomUUID } from "node:crypto";
import { devNull, tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AttributeValue,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteTableCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
} from "@aws-sdk/client-sqs";
import { ledgerTable, stateTable } from "@countersign/aws/dynamodb/tables";
import { names } from "@countersign/local/runtime/provision";
import { account, region } from "@countersign/local/wire/account";
import type { Embedded } from "../support/embedded.ts";

/** Tables and queues of one case's own, so that no other case's sweeper comes near it. */
export class Stores {
  readonly ledger: string;
  readonly state: string;
  readonly queues: { readonly events: string; readonly revocations: string; readonly letters: string };
  readonly #embedded: Embedded;

  private constructor(embedded: Embedded, id: string, queues: Stores["queues"]) {
    this.#embedded = embedded;
    this.ledger = `ledger-${id}`;
    this.state = `state-${id}`;
    this.queues = queues;
  }

  static async create(embedded: Embedded): Promise<Stores> {
    const id = randomUUID();
    const queue = async (name: string) => {
      const command = new CreateQueueCommand({ QueueName: `${name}-${id}` });
      return (await embedded.sqs.send(command)).QueueUrl ?? "";
    };
    const [events, revocations, letters] = [
      await queue("events"),
      await queue("revocations"),
      await queue("letters"),
    ];
    const stores = new Stores(embedded, id, { events, revocations, letters });
    for (const table of [ledgerTable(stores.ledger), stateTable(stores.state)])
      await embedded.dynamodb.send(new CreateTableCommand(table));
    return stores;
  }

  /** The same items in tables of their own; the queues are empty. */
  async copy(): Promise<Stores> {
    const copy = await Stores.create(this.#embedded);
    for (const table of ["ledger", "state"] as const) await this.#copyTable(this[table], copy[table]);
    return copy;
  }

  /** Takes the hints of grants to revoke from their queue. */
  async takeHints(): Promise<string[]> {
    const { sqs } = this.#embedded;
    const QueueUrl = this.queues.revocations;
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    if (Messages.length === 0) return [];
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    return Messages.map(({ Body = "" }) => Body);
  }

  async countLetters(): Promise<number> {
    const { Attributes } = await this.#embedded.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: this.queues.letters, AttributeNames: ["All"] }),
    );
    return Number(Attributes?.["ApproximateNumberOfMessages"]);
  }

  async remove(): Promise<void> {
    const { dynamodb, sqs } = this.#embedded;
    for (const TableName of [this.ledger, this.state])
      await dynamodb.send(new DeleteTableCommand({ TableName }));
    for (const QueueUrl of Object.values(this.queues)) await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  }

  async #copyTable(from: string, to: string): Promise<void> {
    const { dynamodb } = this.#embedded;
    const items: Record<string, AttributeValue>[] = [];
    const scan = await dynamodb.send(new ScanCommand({ TableName: from, ConsistentRead: true }));
    if (scan.LastEvaluatedKey) throw new Error(`table ${from} is too large to be copied at once`);
    items.push(...(scan.Items ?? []));
    for (let at = 0; at < items.length; at += 25) {
      const requests = items.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } }));
      await dynamodb.send(new BatchWriteItemCommand({ RequestItems: { [to]: requests } }));
    }
  }
}

/** What a deployed function finds in its environment, with the stores of one case. */
export function functionEnvironment(
  { runtime }: Embedded,
  { ledger, state, queues }: Stores,
): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    NODE_COMPILE_CACHE: join(tmpdir(), "countersign-faults-compiled"),
    AWS_ACCESS_KEY_ID: "embedded",
    AWS_SECRET_ACCESS_KEY: "embedded",
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_REGION: region,
    AWS_ENDPOINT_URL: runtime.urls.aws,
    AWS_ENDPOINT_URL_DYNAMODB: runtime.urls.dynamodb,
    AWS_ENDPOINT_URL_SQS: runtime.urls.queues,
    COUNTERSIGN_ACCOUNT_ID: account,
    COUNTERSIGN_CONFIG_FILE: runtime.state.file("config.json"),
    COUNTERSIGN_LEDGER_TABLE: ledger,
    COUNTERSIGN_STATE_TABLE: state,
    COUNTERSIGN_KMS_KEY_ID: names.key,
    COUNTERSIGN_KEYS_SECRET: names.keys,
    COUNTERSIGN_STATUS_EVENTS_QUEUE_URL: queues.events,
    COUNTERSIGN_REVOCATIONS_QUEUE_URL: queues.revocations,
    COUNTERSIGN_DEAD_LETTERS_QUEUE_URL: queues.letters,
  };
}
