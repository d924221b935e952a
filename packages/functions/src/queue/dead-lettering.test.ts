import { createHash } from "node:crypto";
import {
  IntegrityError,
  InvalidInputError,
  RefusedError,
  UnavailableError,
} from "@countersign/core/error/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { jwtLike, startDate } from "../../../core/test-support/fixtures.ts";
import { MemoryClock } from "../../../core/test-support/memory-clock.ts";
import { MemoryDeadLetterQueue } from "../../../core/test-support/memory-queues.ts";
import { MemoryLog } from "../../test-support/api.ts";
import { batch, leaves, MemoryDelay, message } from "../../test-support/queue.ts";
import { type DeadLetteringDeps, handleBatch } from "./dead-lettering.ts";

const maxReceives = 3;
const down = new UnavailableError("store.unavailable", "the ledger did not answer");

let deadLetters: MemoryDeadLetterQueue;
let log: MemoryLog;
let handled: string[];
let delay: MemoryDelay;
beforeEach(() => {
  deadLetters = new MemoryDeadLetterQueue();
  log = new MemoryLog();
  handled = [];
  delay = new MemoryDelay();
});

/** Handles a batch in which each body names what becomes of it. */
function handle(fates: Record<string, unknown>, change: Partial<DeadLetteringDeps> = {}) {
  const deps: DeadLetteringDeps = {
    clock: new MemoryClock(startDate),
    deadLetters,
    queue: "status-events",
    maxReceives,
    redact: (body) => `redacted ${body.length}`,
    delay,
    log,
    ...change,
  };
  return handleBatch(deps, async ({ body }) => {
    handled.push(body);
    if (fates[body] !== undefined) throw fates[body];
  });
}

describe("a batch", () => {
  test("leaves only the messages that failed", async () => {
    const run = handle({ bad: down, worse: new Error("bug") });
    const answer = await run(
      batch(message("1", "good"), message("2", "bad"), message("3", "fine"), message("4", "worse")),
    );
    expect(answer).toEqual(leaves("2", "4"));
    expect(handled).toEqual(["good", "bad", "fine", "worse"]);
    expect(deadLetters.letters).toEqual([]);
  });

  test("puts off what failed, by the tries it has had and what the other side asks for", async () => {
    const asked = new UnavailableError("provider.unavailable", "busy", { retryAfterSeconds: 120 });
    await handle({ bad: down, busy: asked })(
      batch(message("1", "good"), message("2", "bad"), message("3", "busy")),
    );
    expect([...delay.seconds.values()]).toEqual([expect.closeTo(2, 0), 120]);
    expect(log.errors).toEqual([]);
  });

  test("that can't be put off comes back after the queue's own time", async () => {
    delay.failure = new UnavailableError("store.unavailable", "the queue did not answer");
    expect(await handle({ bad: down })(batch(message("1", "bad")))).toEqual(leaves("1"));
  });

  test("of nothing leaves nothing", async () => {
    expect(await handle({})(batch())).toEqual(leaves());
  });
});

describe("a message that fails", () => {
  test.each([1, maxReceives - 1])("is left for another try at receive %i", async (receives) => {
    expect(await handle({ b: down })(batch(message("m", "b", receives)))).toEqual(leaves("m"));
    expect(deadLetters.letters).toEqual([]);
    expect(log.warnings).toMatchObject([
      { message: "message put off", fields: { code: "store.unavailable", messageId: "m", receives } },
    ]);
  });

  test("for a reason that won't pass by itself is an error at each try", async () => {
    const bug = new Error("bug");
    await handle({ b: bug })(batch(message("m", "b", 1)));
    expect(log.errors).toEqual([{ message: "message failed", messageId: "m", receives: 1, error: bug }]);
  });

  test("is given up at its last receive, with all there is to know but its body", async () => {
    expect(await handle({ "b ü": down })(batch(message("m", "b ü", maxReceives)))).toEqual(leaves());
    expect(deadLetters.letters).toEqual([
      {
        id: "m",
        queue: "status-events",
        reason: { code: "store.unavailable", message: "the ledger did not answer" },
        sha256: createHash("sha256").update("b ü").digest("base64url"),
        bytes: 4,
        receiveCount: maxReceives,
        at: startDate,
        redrivable: "redacted 3",
      },
    ]);
  });

  test.each([
    [new InvalidInputError("event.malformed", "no event"), "event.malformed"],
    [new IntegrityError("ledger.fact_conflict", "other content"), "ledger.fact_conflict"],
  ])("for good is given up at once: %s", async (error, code) => {
    expect(await handle({ b: error })(batch(message("m", "b")))).toEqual(leaves());
    expect(deadLetters.letters).toMatchObject([{ reason: { code }, receiveCount: 1 }]);
  });

  test("for a reason that may pass is not given up before its tries are", async () => {
    const refused = new RefusedError("token.issuer_unknown", "not configured");
    expect(await handle({ b: refused })(batch(message("m", "b")))).toEqual(leaves("m"));
  });

  test.each([
    new Error(`failed on ${jwtLike("a")}`),
    `text ${jwtLike("a")}`,
  ])("by a bug is given up with nothing of the error's own text", async (error) => {
    await handle({ b: error })(batch(message("m", "b", maxReceives)));
    expect(deadLetters.letters).toMatchObject([{ reason: { code: "internal" } }]);
    expect(JSON.stringify(deadLetters.letters)).not.toContain("eyJ");
  });

  test("after more receives than it has tries is given up unhandled, for it may kill the function", async () => {
    expect(await handle({})(batch(message("m", "b", maxReceives + 1)))).toEqual(leaves());
    expect(handled).toEqual([]);
    expect(deadLetters.letters).toMatchObject([{ reason: { code: "event.undeliverable" } }]);
  });

  test("and may not be kept is told of by its hash alone", async () => {
    await handle({ b: down }, { redact: () => undefined })(batch(message("m", "b", maxReceives)));
    expect(deadLetters.letters[0]).not.toHaveProperty("redrivable");
  });
});

describe("a message that can't be given up stays:", () => {
  const lost = async () => {
    throw new UnavailableError("store.unavailable", "no queue");
  };

  test("when its letter can't be sent", async () => {
    deadLetters.send = lost;
    const run = handle({ b: new InvalidInputError("event.malformed", "no event") });
    expect(await run(batch(message("m", "b", maxReceives), message("n", "good")))).toEqual(leaves("m"));
    expect(log.errors).toMatchObject([
      { message: "message failed", messageId: "m" },
      { message: "message could not be dead-lettered", messageId: "m" },
    ]);
  });

  test("when whoever must be told first can't be", async () => {
    const run = handle({ b: down }, { onGiveUp: lost });
    expect(await run(batch(message("m", "b", maxReceives)))).toEqual(leaves("m"));
    expect(deadLetters.letters).toEqual([]);
  });
});

describe("a message whose giving up fails for good becomes a letter all the same:", () => {
  const bug = new RangeError("too deep");

  test("without a body when that can't be made safe", async () => {
    const redact = () => {
      throw bug;
    };
    expect(await handle({ b: down }, { redact })(batch(message("m", "b", maxReceives)))).toEqual(leaves());
    expect(deadLetters.letters).toMatchObject([{ id: "m", reason: { code: "store.unavailable" } }]);
    expect(deadLetters.letters[0]).not.toHaveProperty("redrivable");
    expect(log.errors).toContainEqual({
      message: "message could not be redacted",
      messageId: "m",
      error: bug,
    });
  });

  test("when whoever must be told first can't be told ever", async () => {
    const onGiveUp = async () => {
      throw bug;
    };
    expect(await handle({ b: down }, { onGiveUp })(batch(message("m", "b", maxReceives)))).toEqual(leaves());
    expect(deadLetters.letters).toMatchObject([{ id: "m", redrivable: "redacted 1" }]);
    expect(log.errors).toContainEqual({ message: "message given up untold", messageId: "m", error: bug });
  });
});
