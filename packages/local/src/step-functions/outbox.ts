import type { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { StatusChangeEvent } from "./status-event.ts";

/** Status events that are durable and still to be published. */
export interface Outbox {
  /** Stores an event; call it inside the transaction of the status change. */
  add(event: StatusChangeEvent): void;
  /** Publishes what is stored, soon; a failed event stays and is tried again. */
  wake(): void;
  /** Resolves once every event stored by now was tried. */
  drain(): Promise<void>;
  /** Ends publishing; what is left is published by the next process. */
  close(): void;
}

const batchSize = 16;
const firstRetryMs = 50;
const longestRetryMs = 5_000;

interface OutboxRow {
  readonly id: number;
  readonly event: string;
}

/** Publishes the events of the outbox, at least once each. */
export function createOutbox(
  database: DatabaseSync,
  publish: (event: StatusChangeEvent) => Promise<void>,
): Outbox {
  const insert = database.prepare("INSERT INTO sfn_outbox (event) VALUES (?)");
  const next = database.prepare("SELECT id, event FROM sfn_outbox WHERE id > ? ORDER BY id LIMIT ?");
  const remove = database.prepare("DELETE FROM sfn_outbox WHERE id = ?");
  let closed = false;
  let pass: Promise<void> | undefined;
  let isWoken = false;
  let retryMs = firstRetryMs;
  let timer: NodeJS.Timeout | undefined;

  const deliver = async (row: OutboxRow): Promise<boolean> => {
    try {
      await publish(JSON.parse(row.event) as StatusChangeEvent);
    } catch (error) {
      process.stderr.write(`step functions outbox: event ${row.id} not published: ${String(error)}\n`);
      return false;
    }
    if (!closed) remove.run(row.id);
    return true;
  };

  const publishAll = async (): Promise<boolean> => {
    let after = 0;
    let isClean = true;
    while (!closed) {
      const rows = next.all(after, batchSize) as unknown as OutboxRow[];
      const last = rows.at(-1);
      if (!last) return isClean;
      after = last.id;
      const results = await Promise.all(rows.map(deliver));
      isClean &&= results.every(Boolean);
    }
    return true;
  };

  const runPass = async (): Promise<void> => {
    let isClean = true;
    do {
      await nextTurn();
      isWoken = false;
      isClean = await publishAll();
    } while (isWoken && !closed);
    pass = undefined;
    if (isClean || closed) {
      retryMs = firstRetryMs;
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(wake, retryMs);
    timer.unref();
    retryMs = Math.min(retryMs * 2, longestRetryMs);
  };

  const wake = (): void => {
    if (closed) return;
    isWoken = true;
    pass ??= runPass();
  };

  return {
    add: (event) => void insert.run(JSON.stringify(event)),
    wake,
    async drain() {
      wake();
      await pass;
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
