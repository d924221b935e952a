import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { DeadLetter, DeadLetterQueue, Redrive } from "@countersign/core/dead-letter/dead-letter";
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

/** A letter that is to go back, with the receipts of all its copies. */
interface Leaving {
  readonly letter: DeadLetter & { readonly redrivable: string };
  readonly receiptHandles: string[];
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
    const look = this.#look();
    try {
      await look.until(({ letter }) => {
        if (letters.size < limit) letters.set(letter.id, letter);
        return letters.size >= limit;
      });
    } finally {
      await this.#giveBack(look.held);
    }
    return [...letters.values()];
  }

  async redrive(intend: (plan: Redrive) => Promise<void>, limit: number, ids?: readonly string[]) {
    const leaving = new Map<string, Leaving>();
    const kept = new Map<string, DeadLetter>();
    const look = this.#look();
    try {
      await look.until((held) => takeUp(held, leaving, kept, limit, ids && new Set(ids)));
      const plan = { redriven: [...leaving.values()].map(({ letter }) => letter), kept: [...kept.values()] };
      await intend(plan);
      for (const { letter, receiptHandles } of leaving.values()) {
        await this.#sendTo(this.#source.sourceUrls[letter.queue], letter.redrivable);
        // Sent before it is deleted: a crash between leaves it twice, never lost.
        for (const receiptHandle of receiptHandles) await this.#remove(receiptHandle, look.held);
      }
      return plan;
    } finally {
      await this.#giveBack(look.held);
    }
  }

  async #remove(receiptHandle: string, held: Set<string>): Promise<void> {
    await this.#delete(receiptHandle);
    held.delete(receiptHandle);
  }

  /** Shows each message that is a letter once, until the queue is empty or `visit` has enough; holds what it saw. */
  #look() {
    const held = new Set<string>();
    const until = async (visit: (one: Held) => boolean): Promise<void> => {
      for (let looked = 0; looked < maxLooked; ) {
        const messages = await this.#receive();
        if (messages.length === 0) return;
        looked += messages.length;
        for (const { ReceiptHandle: receiptHandle = "" } of messages) held.add(receiptHandle);
        if (lettersIn(messages).some(visit)) return;
      }
    };
    return { held, until };
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

  async #giveBack(receiptHandles: ReadonlySet<string>): Promise<void> {
    const held = [...receiptHandles];
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

function lettersIn(messages: readonly Message[]): Held[] {
  return messages.flatMap(({ Body: body = "", ReceiptHandle: receiptHandle = "" }) => {
    const letter = readLetter(body);
    return letter ? [{ letter, receiptHandle }] : [];
  });
}

/** Puts a letter with those that are to go or to stay; true when there are enough. */
function takeUp(
  { letter, receiptHandle }: Held,
  leaving: Map<string, Leaving>,
  kept: Map<string, DeadLetter>,
  limit: number,
  wanted: ReadonlySet<string> | undefined,
): boolean {
  const { id, redrivable } = letter;
  if (wanted && !wanted.has(id)) return false;
  const standing = leaving.get(id);
  // A letter that was sent twice goes back once, and both copies go.
  if (standing) standing.receiptHandles.push(receiptHandle);
  else if (redrivable === undefined) kept.set(id, letter);
  else leaving.set(id, { letter: { ...letter, redrivable }, receiptHandles: [receiptHandle] });
  return leaving.size >= limit || leaving.size + kept.size === wanted?.size;
}
