import { randomUUID } from "node:crypto";
import { ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import type { DeadLetter, DeadLetterQueue, Redrive } from "@countersign/core/dead-letter/dead-letter";
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

/** What was said to be about to happen. */
let intended: string[];
const recorded = async ({ redriven }: Redrive) => {
  intended = ids(redriven);
};

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
  expect(ids((await deadLetters.redrive(recorded, 10)).redriven)).toEqual(["twice"]);
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
  const { redriven, kept } = await deadLetters.redrive(recorded, 10);
  expect(ids(redriven)).toEqual(["event", "hint"]);
  expect(ids(kept)).toEqual(["kept"]);
  expect(await bodiesIn(sourceUrls["status-events"])).toEqual(['{"id":"event"}']);
  expect(await bodiesIn(sourceUrls.revocations)).toEqual([hint]);
  expect(ids(await deadLetters.list(10))).toEqual(["kept"]);
});

test("with ids only those go back, and with a limit no more than that", async () => {
  for (const id of ["a", "b", "c", "d"]) await deadLetters.send(letter(id));
  expect(ids((await deadLetters.redrive(recorded, 10, ["b"])).redriven)).toEqual(["b"]);
  expect((await deadLetters.redrive(recorded, 2)).redriven).toHaveLength(2);
  expect(await deadLetters.list(10)).toHaveLength(1);
});

test("a letter behind three hundred that can't be sent goes back", async () => {
  const { redrivable: _, ...bodiless } = letter("stuck");
  for (let n = 0; n < 300; n++) await deadLetters.send({ ...bodiless, id: `stuck-${n}` });
  await deadLetters.send(letter("last"));
  const { redriven, kept } = await deadLetters.redrive(recorded, 10);
  expect(ids(redriven)).toEqual(["last"]);
  expect(kept).toHaveLength(300);
});

test("a message that is no letter is passed over and left where it is", async () => {
  for (const MessageBody of ["not JSON", "{}", JSON.stringify({ ...letter("x"), queue: "elsewhere" })]) {
    await service.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
  }
  expect(await deadLetters.list(10)).toEqual([]);
  expect(await deadLetters.redrive(recorded, 10)).toEqual({ redriven: [], kept: [] });
  expect(await bodiesIn(queueUrl)).toHaveLength(3);
});

test("nothing is sent before the intent is recorded, and nothing at all when it can't be", async () => {
  await deadLetters.send(letter("a"));
  await deadLetters.send(letter("b"));
  let sent: string[] | undefined;
  const failing = async () => {
    sent = await bodiesIn(sourceUrls["status-events"]);
    throw new Error("no record");
  };
  await expect(deadLetters.redrive(failing, 10)).rejects.toThrow("no record");
  expect(sent).toEqual([]);
  expect(await bodiesIn(sourceUrls["status-events"])).toEqual([]);
  expect(ids(await deadLetters.list(10))).toEqual(["a", "b"]);
});

test("the intent names what is then sent, and a redrive that broke off is finished by the next", async () => {
  for (const id of ["a", "b"]) await deadLetters.send(letter(id));
  await deadLetters.send(letter("gone", { queue: "revocations" }));
  const broken = createDeadLetterQueue({
    sqs: service.sqs,
    queueUrl,
    sourceUrls: { ...sourceUrls, revocations: `${queueUrl}-no-such-queue` },
    waitSeconds: 0,
  });
  await expect(broken.redrive(recorded, 10)).rejects.toThrow();
  expect(intended).toEqual(["a", "b", "gone"]);
  const left = ids(await deadLetters.list(10));
  expect(left).toContain("gone");
  await deadLetters.redrive(recorded, 10);
  expect(intended).toEqual(left);
  expect(await bodiesIn(sourceUrls["status-events"])).toEqual(['{"id":"a"}', '{"id":"b"}']);
  expect(await deadLetters.list(10)).toEqual([]);
});
