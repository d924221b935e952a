import { randomUUID } from "node:crypto";
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { StartExecutionCommand } from "@aws-sdk/client-sfn";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { clientOf, names } from "@countersign/local/runtime/provision";
import type { Embedded } from "./embedded.ts";

/** Puts a secret into every kind of sink that can be written to, by its own interface. */
export async function plant(embedded: Embedded, secret: string): Promise<void> {
  const binary = { B: Buffer.from(`before ${secret}`) };
  const item = {
    pk: { S: `PLANTED#${randomUUID()}` },
    sk: { S: "0" },
    map: { M: { list: { L: [binary] } } },
  };
  await embedded.dynamodb.send(new PutItemCommand({ TableName: names.ledger, Item: item }));
  const QueueUrl = embedded.runtime.queueUrls.deadLetters;
  await embedded.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: secret }));
  const input = JSON.stringify({ amount: 5, note: secret });
  await embedded.sfn.send(
    new StartExecutionCommand({
      stateMachineArn: "arn:aws:states:us-east-1:000000000000:stateMachine:payout",
      input,
    }),
  );
  const events = new EventBridgeClient(clientOf(embedded.runtime.urls.aws));
  await events.send(
    new PutEventsCommand({ Entries: [{ Source: "planted", DetailType: "Planted", Detail: input }] }),
  );
  events.destroy();
  embedded.runtime.state.write("notes/planted.txt", secret);
  embedded.logs.push(`planted: ${secret}`);
  process.stderr.write(`${secret}\n`);
}
