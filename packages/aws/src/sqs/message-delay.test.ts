import { randomUUID } from "node:crypto";
import { ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startSqs, type TestSqs } from "../../test-support/sqs.ts";
import { createMessageDelay } from "./message-delay.ts";

let engine: TestSqs;
beforeAll(async () => {
  engine = await startSqs();
});
afterAll(() => engine[Symbol.asyncDispose]());

test("a message put off by no time is there again at once, and one put off by more is not", async () => {
  const { sqs } = engine;
  const QueueUrl = await engine.createQueue(randomUUID());
  const receive = async () => {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    return Messages;
  };
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "hint" }));
  const delay = createMessageDelay({ sqs, queueUrl: QueueUrl });
  const [first] = await receive();
  expect(await receive()).toEqual([]);
  await delay.delay(first?.ReceiptHandle ?? "", 0);
  const [second] = await receive();
  expect(second?.Body).toBe("hint");
  await delay.delay(second?.ReceiptHandle ?? "", 900);
  expect(await receive()).toEqual([]);
});
