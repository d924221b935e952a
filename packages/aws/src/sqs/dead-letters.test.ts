import { randomUUID } from "node:crypto";
import { ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import type { DeadLetter, DeadLetterQueue } from "@countersign/core/dead-letter/dead-letter";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startSqs, type TestSqs } from "../../test-support/sqs.ts";
import { createDeadLetterQueue } from "./dead-letters.ts";

let service: TestSqs;
beforeAll(async () => {
  service = await startSqs();
});
afterAll(() => service[Symbol.asyncDispose]());

let queueUrl: string;
let sourceUrls: Record<DeadLetter["queue"], string>;
let deadLetters: DeadLetterQueue;
beforeEach(async () => {
  const create = (name: string) => service.createQueue(`${name}-${randomUUID()}`);
  queueUrl = await create("dead");
  sourceUrls = { "status-events": await create("events"), revocations: await create("revocations") };
  deadLetters = createDeadLetterQueue({ sqs: service.sqs, queueUrl, sourceUrls, waitSeconds: 0 });
});

function letter(id: string, changes: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id,
    queue: "status-events",
    reason: { code: "store.unavailable", message: "the table did not answer" },
    sha256: "x".repeat(43),
    bytes: 12,
    receiveCount: 5,
    at: 1_770_000_000_000,
    redrivable: JSON.stringify({ id }),
    ...changes,
  };
}

async function bodiesIn(url: string): Promise<string[]> {
  const command = new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 });
  const { Messages = [] } = await service.sqs.send(command);
  return Messages.map(({ Body = "" }) => Body).sort();
}

const ids = (letters: readonly DeadLetter[]) => letters.map(({ id }) => id).sort();

test("letters are listed whole, and stay to be listed again", async () => {
  const sent = ["a", "b", "c"].map((id) => letter(id));
  for (const one of sent) await deadLetters.send(one);
  for (let look = 0; look < 2; look++) {
    const listed = await deadLetters.list(10);
    expect([...listed].sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(sent);
  }
});

test("no more than the limit are listed, and more than one batch can be", async () => {
  for (let n = 0; n < 13; n++) await deadLetters.send(letter(`l${n}`));
  expect(await deadLetters.list(12)).toHaveLength(12);
  expect(await deadLetters.list(4)).toHaveLength(4);
});

test("a letter that was sent twice is listed once and redriven once, and both copies go", async () => {
  await deadLetters.send(letter("twice"));
  await deadLetters.send(letter("twice"));
  expect(ids(await deadLetters.list(10))).toEqual(["twice"]);
  expect(ids((await deadLetters.redrive(10)).redriven)).toEqual(["twice"]);
  expect(await bodiesIn(sourceUrls["status-events"])).toEqual(['{"id":"twice"}']);
  expect(await deadLetters.list(10)).toEqual([]);
});

test("letters go back to the queues they came from, and those without a body stay", async () => {
  const hint = JSON.stringify({ executionArn: "arn", grantId: "g" });
  const bodiless = letter("kept");
  delete (bodiless as { redrivable?: string }).redrivable;
  for (const one of [letter("event"), letter("hint", { queue: "revocations", redrivable: hint }), bodiless]) {
    await deadLetters.send(one);
  }
  const { redriven, kept } = await deadLetters.redrive(10);
  expect(ids(redriven)).toEqual(["event", "hint"]);
  expect(ids(kept)).toEqual(["kept"]);
  expect(await bodiesIn(sourceUrls["status-events"])).toEqual(['{"id":"event"}']);
  expect(await bodiesIn(sourceUrls.revocations)).toEqual([hint]);
  expect(ids(await deadLetters.list(10))).toEqual(["kept"]);
});

test("with ids only those go back, and with a limit no more than that", async () => {
  for (const id of ["a", "b", "c", "d"]) await deadLetters.send(letter(id));
  expect(ids((await deadLetters.redrive(10, ["b"])).redriven)).toEqual(["b"]);
  expect((await deadLetters.redrive(2)).redriven).toHaveLength(2);
  expect(await deadLetters.list(10)).toHaveLength(1);
});

test("a message that is no letter is passed over and left where it is", async () => {
  for (const MessageBody of ["not JSON", "{}", JSON.stringify({ ...letter("x"), queue: "elsewhere" })]) {
    await service.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
  }
  expect(await deadLetters.list(10)).toEqual([]);
  expect(await deadLetters.redrive(10)).toEqual({ redriven: [], kept: [] });
  expect(await bodiesIn(queueUrl)).toHaveLength(3);
});
