import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type AttributeValue, type DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  type SFNClient,
} from "@aws-sdk/client-sfn";
import {
  ChangeMessageVisibilityCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { names } from "@countersign/local/runtime/provision";
import type { Embedded } from "./embedded.ts";
import type { HttpAnswer } from "./http-answers.ts";
import type { Sink } from "./leak-canary.ts";

/** All there is to look at: the stores, and what went out. */
export async function allSinks(
  embedded: Embedded,
  httpAnswers: readonly HttpAnswer[],
  output: string,
): Promise<Sink[]> {
  // The provider's answers hold tokens because that is what it is for.
  const answers = httpAnswers.filter(({ port }) => port === embedded.ports.api);
  return [
    ...(await tableSinks(embedded.dynamodb, names.ledger)),
    ...(await tableSinks(embedded.dynamodb, names.state)),
    ...(await queueSinks(embedded.sqs)),
    ...(await executionSinks(embedded.sfn)),
    ...fileSinks(embedded.stateDirectory),
    ...embedded.logs.map((line) => ({ name: `log ${line.slice(0, 20)}`, bytes: Buffer.from(line) })),
    ...answers.map(({ path, status, headers, body }, index) => ({
      name: `answer ${index} (${status}, a path of ${path.length} characters)`,
      bytes: Buffer.from(headers + body),
    })),
    { name: "output", bytes: Buffer.from(output) },
  ];
}

/** Every item of a table, all attributes, each item a sink. */
async function tableSinks(client: DynamoDBClient, table: string): Promise<Sink[]> {
  const sinks: Sink[] = [];
  let from: Record<string, AttributeValue> | undefined;
  do {
    const page = await client.send(
      new ScanCommand({ TableName: table, ConsistentRead: true, ...(from && { ExclusiveStartKey: from }) }),
    );
    for (const item of page.Items ?? [])
      sinks.push({
        name: `table ${table}, item ${item["pk"]?.S} ${item["sk"]?.S ?? ""}`,
        bytes: bytesOf(item),
      });
    from = page.LastEvaluatedKey;
  } while (from);
  return sinks;
}

/** Names and values of attributes, at any depth; binary ones as they are. */
function bytesOf(value: unknown): Buffer {
  const gap = Buffer.from("\n");
  if (value instanceof Uint8Array) return Buffer.concat([value, gap]);
  if (value === null || typeof value !== "object") return Buffer.from(`${String(value)}\n`);
  if (Array.isArray(value)) return Buffer.concat(value.map(bytesOf));
  return Buffer.concat(
    Object.entries(value).flatMap(([name, one]) => [Buffer.from(`${name}\n`), bytesOf(one)]),
  );
}

/** Every message that can be received now, of every queue; they are given back. */
async function queueSinks(client: SQSClient): Promise<Sink[]> {
  const { QueueUrls = [] } = await client.send(new ListQueuesCommand({}));
  const sinks = await Promise.all(QueueUrls.map((url) => messagesOf(client, url)));
  return sinks.flat();
}

async function messagesOf(client: SQSClient, QueueUrl: string): Promise<Sink[]> {
  const sinks: Sink[] = [];
  const held: string[] = [];
  for (;;) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ["All"] }),
    );
    if (Messages.length === 0) break;
    for (const { MessageId, Body = "", MessageAttributes = {}, ReceiptHandle = "" } of Messages) {
      held.push(ReceiptHandle);
      const bytes = Buffer.from(Body + JSON.stringify(MessageAttributes));
      sinks.push({ name: `queue ${QueueUrl.split("/").at(-1)}, message ${MessageId}`, bytes });
    }
  }
  for (const ReceiptHandle of held)
    await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
  return sinks;
}

/** Every file under a folder, whole, as it lies on the disk. */
export function fileSinks(folder: string): Sink[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ name: `file ${relative(folder, path)}`, bytes: readFileSync(path) }));
}

/** Everything Step Functions tells of every execution: description and history. */
async function executionSinks(client: SFNClient): Promise<Sink[]> {
  const { stateMachines = [] } = await client.send(new ListStateMachinesCommand({}));
  const arns = await Promise.all(
    stateMachines.map(async ({ stateMachineArn }) => {
      const { executions = [] } = await client.send(new ListExecutionsCommand({ stateMachineArn }));
      return executions.map(({ executionArn = "" }) => executionArn);
    }),
  );
  return Promise.all(arns.flat().map((executionArn) => executionSink(client, executionArn)));
}

async function executionSink(client: SFNClient, executionArn: string): Promise<Sink> {
  const [{ $metadata: _, ...description }, { events }] = await Promise.all([
    client.send(new DescribeExecutionCommand({ executionArn })),
    client.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 })),
  ]);
  const bytes = Buffer.from(JSON.stringify({ description, events }));
  return { name: `execution ${executionArn}`, bytes };
}
