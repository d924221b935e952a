import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../wire/database.ts";
import type { Deliver } from "./courier.ts";
import { UndeliverableError } from "./delivery-error.ts";
import { createEventBridge, type EventBridge } from "./event-bridge.ts";

const queue = "arn:aws:sqs:us-east-1:000000000000:events";
const dead = `${queue}-dead`;
const minutes = 60_000;
const event = { "detail-type": "d", source: "aws.states", detail: { n: 1 } };

interface Delivery {
  readonly arn: string;
  readonly payload: string;
  readonly attributes: Readonly<Record<string, string>> | undefined;
}

let folder: string;
let clock: number;
let database: DatabaseSync;
let delivered: Delivery[];
let refuse: (delivery: Delivery) => Error | undefined;
let open: EventBridge[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "event-bridge-"));
  clock = 1_700_000_000_000;
  delivered = [];
  refuse = () => undefined;
  open = [];
  database = openDatabase(join(folder, "state.sqlite"));
});

afterEach(async () => {
  await Promise.all(open.map((bridge) => bridge.close()));
  database.close();
  rmSync(folder, { recursive: true });
});

const deliver: Deliver = async (target, payload, attributes) => {
  const delivery = { arn: target.arn, payload, attributes };
  const refusal = refuse(delivery);
  if (refusal) throw refusal;
  delivered.push(delivery);
};

/** Time passes by waiting alone. */
const sleep = async (ms: number) => {
  clock += ms;
};

function start(): EventBridge {
  const bridge = createEventBridge({ database, deliver, sleep, now: () => clock });
  open.push(bridge);
  return bridge;
}

function startWithRule(target: object = {}): EventBridge {
  const bridge = start();
  const { PutRule, PutTargets } = bridge.service.operations;
  PutRule?.({ Name: "r", EventPattern: '{"source":["aws.states"]}' });
  PutTargets?.({ Rule: "r", Targets: [{ Id: "t", Arn: queue, ...target }] });
  return bridge;
}

function rows(table: string): number {
  return Number(database.prepare(`SELECT COUNT(*) AS n FROM ${table}`).get()?.["n"]);
}

describe("delivery", () => {
  it("retries with growing waits until the target takes the event", async () => {
    const failedAt: number[] = [];
    refuse = () => {
      if (failedAt.length === 4) return undefined;
      failedAt.push(clock);
      return new Error("busy");
    };
    const bridge = startWithRule();
    await bridge.publish(event);
    await bridge.idle();
    expect(delivered).toMatchObject([{ arn: queue, attributes: undefined }]);
    const waits = failedAt.map((at, index) => (failedAt[index + 1] ?? clock) - at);
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(500 * 2 ** index);
      expect(wait).toBeLessThanOrEqual(1000 * 2 ** index);
    }
  });

  it("sends the original event to the dead letters when the retries are used up", async () => {
    refuse = ({ arn }) =>
      arn === queue ? Object.assign(new Error("no room"), { code: "QueueFull" }) : undefined;
    const bridge = startWithRule({
      Input: '"constant"',
      RetryPolicy: { MaximumRetryAttempts: 2 },
      DeadLetterConfig: { Arn: dead },
    });
    await bridge.publish(event);
    await bridge.idle();
    expect(delivered).toHaveLength(1);
    expect(JSON.parse(delivered[0]?.payload ?? "")).toMatchObject(event);
    expect(delivered[0]).toMatchObject({
      arn: dead,
      attributes: {
        RULE_ARN: "arn:aws:events:us-east-1:000000000000:rule/r",
        TARGET_ARN: queue,
        ERROR_CODE: "QueueFull",
        ERROR_MESSAGE: "no room",
        EXHAUSTED_RETRY_CONDITION: "MaximumRetryAttempts",
        RETRY_ATTEMPTS: "2",
      },
    });
  });

  it("gives up by age", async () => {
    const acceptedAt = clock;
    refuse = ({ arn }) => (arn === queue ? new Error("busy") : undefined);
    const bridge = startWithRule({
      RetryPolicy: { MaximumEventAgeInSeconds: 60 },
      DeadLetterConfig: { Arn: dead },
    });
    await bridge.publish(event);
    await bridge.idle();
    expect(delivered[0]?.attributes).toMatchObject({ EXHAUSTED_RETRY_CONDITION: "MaximumEventAgeInSeconds" });
    expect(clock - acceptedAt).toBe(60_000);
  });

  it("gives up at once what can never be delivered", async () => {
    refuse = ({ arn }) =>
      arn === queue ? new UndeliverableError("NO_RESOURCE", "no such queue") : undefined;
    const bridge = startWithRule({ DeadLetterConfig: { Arn: dead } });
    await bridge.publish(event);
    await bridge.idle();
    expect(delivered[0]?.attributes).toEqual({
      RULE_ARN: "arn:aws:events:us-east-1:000000000000:rule/r",
      TARGET_ARN: queue,
      ERROR_CODE: "NO_RESOURCE",
      ERROR_MESSAGE: "no such queue",
      RETRY_ATTEMPTS: "0",
    });
  });

  it("drops the event when the target has no dead letters", async () => {
    refuse = () => new Error("busy");
    const bridge = startWithRule({ RetryPolicy: { MaximumRetryAttempts: 0 } });
    await bridge.publish(event);
    await bridge.idle();
    expect(delivered).toEqual([]);
  });

  it("retries the dead letters too", async () => {
    let refusals = 0;
    refuse = ({ arn }) => (arn === queue || refusals++ < 3 ? new Error("busy") : undefined);
    const bridge = startWithRule({
      RetryPolicy: { MaximumRetryAttempts: 0 },
      DeadLetterConfig: { Arn: dead },
    });
    await bridge.publish(event);
    await bridge.idle();
    expect(delivered).toMatchObject([{ arn: dead, attributes: { RETRY_ATTEMPTS: "0" } }]);
  });

  it("delivers each of many events once", async () => {
    const bridge = startWithRule();
    for (let n = 0; n < 200; n++) await bridge.publish({ ...event, detail: { n } });
    await bridge.idle();
    const seen = delivered.map(({ payload }) => JSON.parse(payload).detail.n);
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });
});

describe("after a stop", () => {
  it("goes on with what was open when it was closed, and only that", async () => {
    const first = startWithRule();
    await first.publish(event);
    await first.idle();
    refuse = () => {
      void first.close();
      return new Error("busy");
    };
    await first.publish({ ...event, detail: { n: 2 } });
    await first.close();
    refuse = () => undefined;
    const second = start();
    await second.resume();
    await second.idle();
    expect(delivered.map(({ payload }) => JSON.parse(payload).detail.n)).toEqual([1, 2]);
  });

  it("refuses events once closed", async () => {
    const bridge = startWithRule();
    await bridge.close();
    await expect(bridge.publish(event)).rejects.toThrow("closed");
  });

  it("delivers again what was delivered in the quarter of an hour before a crash", async () => {
    const first = startWithRule();
    await first.publish({ ...event, detail: { n: "old" } });
    await first.idle();
    clock += 20 * minutes;
    await first.publish({ ...event, detail: { n: "recent" } });
    await first.idle();
    clock += 10 * minutes;
    await first.publish({ ...event, detail: { n: "last" } });
    await first.idle();
    delivered = [];
    clock += 5 * 60 * minutes;
    const second = start();
    await second.publish({ ...event, detail: { n: "new" } });
    await second.resume();
    await second.idle();
    expect(delivered.map(({ payload }) => JSON.parse(payload).detail.n).toSorted()).toEqual([
      "last",
      "new",
      "recent",
    ]);
  });

  it("sends a dead letter again after a crash, not the event to its target", async () => {
    refuse = ({ arn }) => (arn === queue ? new Error("busy") : undefined);
    const first = startWithRule({
      RetryPolicy: { MaximumRetryAttempts: 1 },
      DeadLetterConfig: { Arn: dead },
    });
    await first.publish(event);
    await first.idle();
    refuse = () => undefined;
    const second = start();
    await second.resume();
    await second.idle();
    expect(delivered.map(({ arn }) => arn)).toEqual([dead, dead]);
    expect(delivered[1]?.attributes).toEqual(delivered[0]?.attributes);
  });

  it("delivers nothing again after a clean stop", async () => {
    const first = startWithRule();
    await first.publish(event);
    await first.idle();
    await first.close();
    const second = start();
    await second.resume();
    await second.idle();
    expect(delivered).toHaveLength(1);
  });

  it("makes a crash good even if the next process stops cleanly before it resumes", async () => {
    const first = startWithRule();
    await first.publish(event);
    await first.idle();
    await start().close();
    const third = start();
    await third.resume();
    await third.idle();
    expect(delivered).toHaveLength(2);
  });

  it("forgets deliveries when they leave the window", async () => {
    const bridge = startWithRule();
    await bridge.publish(event);
    await bridge.idle();
    clock += 16 * minutes;
    await bridge.publish(event);
    await bridge.idle();
    expect(rows("event_bridge_deliveries")).toBe(1);
    expect(rows("event_bridge_events")).toBe(1);
  });

  it("loses nothing acknowledged to kill -9", async () => {
    const child = spawnSync(process.execPath, ["--input-type=module", "-e", publishThenDie, folder], {
      encoding: "utf8",
      cwd: import.meta.dirname,
    });
    expect(child.signal, child.stderr).toBe("SIGKILL");
    const acknowledged = child.stdout.trim().split("\n").map(Number);
    expect(acknowledged).toHaveLength(50);
    database.close();
    database = openDatabase(join(folder, "child.sqlite"));
    const bridge = start();
    await bridge.resume();
    await bridge.idle();
    const seen = new Set(delivered.map(({ payload }) => JSON.parse(payload).detail.n));
    expect([...seen].toSorted((a, b) => a - b)).toEqual(acknowledged);
  });
});

/** Some of its events are delivered, some are under way, some wait for a retry when it dies. */
const publishThenDie = `
import { writeSync } from "node:fs";
import { openDatabase } from "${import.meta.resolve("../wire/database.ts")}";
import { createEventBridge } from "${import.meta.resolve("./event-bridge.ts")}";
const database = openDatabase(process.argv[1] + "/child.sqlite");
const deliver = async (_target, payload) => {
  const { n } = JSON.parse(payload).detail;
  if (n % 3 === 1) throw new Error("busy");
  if (n % 3 === 2) await new Promise(() => {});
};
const bridge = createEventBridge({ database, deliver });
bridge.service.operations.PutRule({ Name: "r", EventPattern: '{"source":["aws.states"]}' });
bridge.service.operations.PutTargets({ Rule: "r", Targets: [{ Id: "t", Arn: "${queue}" }] });
for (let n = 0; n < 50; n++) {
  await bridge.publish({ "detail-type": "d", source: "aws.states", detail: { n } });
  writeSync(1, n + "\\n");
}
process.kill(process.pid, "SIGKILL");
`;
