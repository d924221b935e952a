import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { DeadLetter, DeadLetterQueue } from "@countersign/core/dead-letter/dead-letter";
import { orUnavailable } from "../sdk-error.ts";
import { readLetter } from "./dead-letter-body.ts";

export interface DeadLetterSource {
  readonly sqs: SQSClient;
  /** The dead-letter queue itself. It must have no redrive policy: a look counts as a receive. */
  readonly queueUrl: string;
  /** Where letters of each kind go back to. */
  readonly sourceUrls: Readonly<Record<DeadLetter["queue"], string>>;
  /**
   * How long a receive may wait before the queue counts as empty, by default 1 s. Without a wait SQS asks
   * only some of its servers, and an empty answer would not mean that there is nothing.
   */
  readonly waitSeconds?: number;
}

const store = "the queue of dead letters";
/** The most messages one request takes. */
const batchSize = 10;
/** How long what is looked at is hidden, should the look end without giving it back. */
const hiddenSeconds = 60;
/** Bounds one look through a long queue. */
const maxLooked = 1_000;

/** Letters in an SQS queue, one JSON message each. Messages that are no letters are left where they are. */
export function createDeadLetterQueue(source: DeadLetterSource): DeadLetterQueue {
  return new SqsDeadLetterQueue(source);
}

interface Held {
  readonly letter: DeadLetter;
  readonly receiptHandle: string;
}

class SqsDeadLetterQueue implements DeadLetterQueue {
  readonly #source: DeadLetterSource;

  constructor(source: DeadLetterSource) {
    this.#source = source;
  }

  async send(letter: DeadLetter): Promise<void> {
    await this.#sendTo(this.#source.queueUrl, JSON.stringify(letter));
  }

  async list(limit: number): Promise<readonly DeadLetter[]> {
    const letters = new Map<string, DeadLetter>();
    await this.#look(async ({ letter }) => {
      if (letters.size < limit) letters.set(letter.id, letter);
      return { gone: false, enough: letters.size >= limit };
    });
    return [...letters.values()];
  }

  async redrive(limit: number, ids?: readonly string[]) {
    const redriven = new Map<string, DeadLetter>();
    const kept = new Map<string, DeadLetter>();
    const wanted = ids && new Set(ids);
    await this.#look(async ({ letter, receiptHandle }) => {
      const { id, redrivable } = letter;
      if (wanted && !wanted.has(id)) return { gone: false, enough: false };
      if (redrivable === undefined) kept.set(id, letter);
      // A letter that was sent twice goes back once.
      else if (!redriven.has(id)) await this.#sendTo(this.#source.sourceUrls[letter.queue], redrivable);
      if (redrivable !== undefined) {
        // Sent before it is deleted: a crash between leaves it twice, never lost.
        await this.#delete(receiptHandle);
        redriven.set(id, letter);
      }
      const done = wanted !== undefined && redriven.size + kept.size === wanted.size;
      return { gone: redrivable !== undefined, enough: done || redriven.size >= limit };
    });
    return { redriven: [...redriven.values()], kept: [...kept.values()] };
  }

  /** Shows each letter once, until the queue is empty or `visit` has enough, then gives back what is not gone. */
  async #look(visit: (held: Held) => Promise<{ gone: boolean; enough: boolean }>): Promise<void> {
    const held: string[] = [];
    try {
      for (let looked = 0; looked < maxLooked; ) {
        const messages = await this.#receive();
        if (messages.length === 0) return;
        looked += messages.length;
        held.push(...messages.map((message) => message.ReceiptHandle ?? ""));
        if (await visitAll(messages, held, visit)) return;
      }
    } finally {
      await this.#giveBack(held);
    }
  }

  async #receive(): Promise<readonly Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#source.queueUrl,
      MaxNumberOfMessages: batchSize,
      VisibilityTimeout: hiddenSeconds,
      WaitTimeSeconds: this.#source.waitSeconds ?? 1,
    });
    const { Messages = [] } = await orUnavailable(this.#source.sqs.send(command), store);
    return Messages;
  }

  async #giveBack(held: readonly string[]): Promise<void> {
    for (let at = 0; at < held.length; at += batchSize) {
      const command = new ChangeMessageVisibilityBatchCommand({
        QueueUrl: this.#source.queueUrl,
        Entries: held.slice(at, at + batchSize).map((ReceiptHandle, index) => ({
          Id: String(index),
          ReceiptHandle,
          VisibilityTimeout: 0,
        })),
      });
      await orUnavailable(this.#source.sqs.send(command), store);
    }
  }

  async #sendTo(queueUrl: string, body: string): Promise<void> {
    const command = new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body });
    await orUnavailable(this.#source.sqs.send(command), store);
  }

  async #delete(receiptHandle: string): Promise<void> {
    const command = new DeleteMessageCommand({
      QueueUrl: this.#source.queueUrl,
      ReceiptHandle: receiptHandle,
    });
    await orUnavailable(this.#source.sqs.send(command), store);
  }
}

/** True when `visit` has enough; receipts of messages that are gone leave `held`. */
async function visitAll(
  messages: readonly Message[],
  held: string[],
  visit: (held: Held) => Promise<{ gone: boolean; enough: boolean }>,
): Promise<boolean> {
  for (const { Body: body = "", ReceiptHandle: receiptHandle = "" } of messages) {
    const letter = readLetter(body);
    if (!letter) continue;
    const { gone, enough } = await visit({ letter, receiptHandle });
    if (gone) held.splice(held.indexOf(receiptHandle), 1);
    if (enough) return true;
  }
  return false;
}
