import { UnavailableError } from "@countersign/core/error/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { arnOf, grantWith, jwtLike, statusEventWith } from "../../../core/test-support/fixtures.ts";
import { MemoryDeadLetterQueue } from "../../../core/test-support/memory-queues.ts";
import { RecorderWorld } from "../../../core/test-support/recorder-world.ts";
import { MemoryLog } from "../../test-support/api.ts";
import { batch, leaves, MemoryDelay, message } from "../../test-support/queue.ts";
import { type RecorderDeps, recorderHandler } from "./handler.ts";

const executionArn = arnOf("e");
const tries = 20;

let world: RecorderWorld;
let deadLetters: MemoryDeadLetterQueue;
let log: MemoryLog;
beforeEach(() => {
  world = new RecorderWorld();
  deadLetters = new MemoryDeadLetterQueue();
  log = new MemoryLog();
});

const record = (change: Partial<RecorderDeps> = {}) =>
  recorderHandler({ ...world.deps(), deadLetters, delay: new MemoryDelay(), log, ...change });
const down = {
  append: async () => {
    throw new UnavailableError("store.unavailable", "the ledger did not answer");
  },
};

describe("a status event", () => {
  test("becomes its entry", async () => {
    await world.hold(executionArn, [grantWith()]);
    const event = statusEventWith({ executionArn, status: "SUCCEEDED" });
    expect(await record()(batch(message("m", event)))).toEqual(leaves());
    expect(world.ledger.only("execution.succeeded")).toMatchObject({
      executionArn,
      subject: { sub: "ada" },
      source: "event",
      attribution: "gate",
    });
    expect(deadLetters.letters).toEqual([]);
  });

  test("of a failure leaves the intent to revoke and its hint", async () => {
    await world.hold(executionArn, [grantWith()]);
    await record()(batch(message("m", statusEventWith({ executionArn, status: "FAILED" }))));
    expect(world.executions.peek(executionArn)?.grants[0]?.state).toBe("revoking");
    expect(world.revocations.hints).toEqual([{ executionArn, grantId: grantWith().grantId }]);
  });

  test("delivered twice in one batch, and again, is one entry", async () => {
    await world.hold(executionArn, [grantWith()]);
    const event = statusEventWith({ executionArn, status: "RUNNING" });
    expect(await record()(batch(message("m", event), message("n", event)))).toEqual(leaves());
    expect(await record()(batch(message("o", event)))).toEqual(leaves());
    expect(world.ledger.actions).toEqual(["execution.started"]);
  });

  test("beside a broken one in its batch is recorded all the same", async () => {
    const event = statusEventWith({ executionArn, status: "RUNNING" });
    expect(await record()(batch(message("bad", "{"), message("good", event)))).toEqual(leaves());
    expect(world.ledger.actions).toEqual(["execution.started"]);
    expect(deadLetters.letters.map(({ id }) => id)).toEqual(["bad"]);
  });

  test("that can't be recorded now is left, and recorded when it can", async () => {
    const event = message("m", statusEventWith({ executionArn, status: "RUNNING" }), tries - 1);
    expect(await record({ ledger: down })(batch(event))).toEqual(leaves("m"));
    expect(await record()(batch(event))).toEqual(leaves());
    expect(world.ledger.actions).toEqual(["execution.started"]);
  });
});

describe("what is no status event", () => {
  const { detail, ...envelope } = statusEventWith({ executionArn, status: "RUNNING" });
  test.each<[string, unknown]>([
    ["text", "not JSON"],
    ["half a document", '{"source":"aws.states"'],
    ["null", "null"],
    ["a list", []],
    ["an event of another source", { ...envelope, detail, source: "aws.ec2" }],
    ["an event without detail", envelope],
    ["one without a start", { ...envelope, detail: { ...detail, startDate: undefined } }],
    ["one of no execution", { ...envelope, detail: { ...detail, executionArn: "arn:aws:s3:::b" } }],
    ["one with a time that is none", { ...envelope, detail, time: "soon" }],
  ])("is dead-lettered at its first receive: %s", async (_kind, body) => {
    expect(await record()(batch(message("m", body)))).toEqual(leaves());
    expect(deadLetters.letters).toMatchObject([
      { id: "m", queue: "status-events", receiveCount: 1, reason: { code: "event.malformed" } },
    ]);
    expect(world.ledger.entries).toEqual([]);
  });

  test("is not repeated in its letter or in the log", async () => {
    await record()(batch(message("m", jwtLike("a")), message("n", `{"detail":{"input":"${jwtLike("b")}"`)));
    expect(deadLetters.letters).toHaveLength(2);
    expect(JSON.stringify(deadLetters.letters)).not.toContain("eyJ");
    for (const { error } of log.errors) expect(`${error.stack}${error.cause}`).not.toContain("eyJ");
  });
});

describe("an event that is given up", () => {
  const tokens = { input: jwtLike("input"), output: jwtLike("output"), cause: jwtLike("cause") };
  const event = statusEventWith({
    executionArn,
    status: "FAILED",
    input: JSON.stringify({ a: tokens.input, secret: "of-the-caller-01" }),
    detail: {
      output: tokens.output,
      cause: `broke on ${tokens.cause}`,
      error: tokens.cause,
      note: tokens.input,
    },
  });

  test("keeps no token of it, whatever field it was in", async () => {
    await record({ ledger: down })(batch(message("m", event, tries)));
    const text = JSON.stringify(deadLetters.letters);
    expect(deadLetters.letters).toHaveLength(1);
    expect(text).not.toMatch(/eyJ|of-the-caller/);
    expect(text).toContain(executionArn);
  });

  test("can be sent again, and is then the same fact", async () => {
    await world.hold(executionArn, [grantWith()]);
    await record({ ledger: down })(batch(message("m", event, tries)));
    const { redriven } = await deadLetters.redrive(async () => undefined, 10);
    const again = redriven.map(({ id, redrivable = "" }) => message(`again-${id}`, redrivable));
    expect(await record()(batch(...again))).toEqual(leaves());
    expect(world.ledger.only("execution.failed")).toMatchObject({ executionArn, subject: { sub: "ada" } });
    expect(world.executions.peek(executionArn)?.grants[0]?.state).toBe("revoking");
    expect(deadLetters.letters).toEqual([]);
  });
});
