import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arnOf, grantWith, jwtLike, startDate, statusEventWith } from "../../test-support/fixtures.ts";
import { RecorderWorld } from "../../test-support/recorder-world.ts";
import type { Grant } from "../execution/execution-state.ts";
import { redactEvent } from "./redact-event.ts";

const gated = arnOf("gated");
const around = arnOf("around");
const childArn = "arn:aws:states:eu-west-1:123456789012:execution:payout/EachOrder:7c1f0f3e";
const jwt = jwtLike("redelivery");
const { startDate: _startDate, ...intended } = grantWith({ state: "authorizing" });
const second: Grant = { ...intended, grantId: "2f0e0d0c-0b0a-4908-8706-050403020100", redriveCount: 1 };

type Event = ReturnType<typeof statusEventWith>;

/** As the gate writes it, and whatever the caller had in it. */
const gatedInput = JSON.stringify({ a: jwt, countersign: { grantId: intended.grantId } });

const run = fc.record({
  executionArn: fc.constantFrom(gated, around, childArn),
  redriveCount: fc.nat(2),
  isLater: fc.boolean(),
  isSeenRunning: fc.boolean(),
  end: fc.constantFrom(undefined, "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"),
  input: fc.constantFrom(null, "{}", `{"a":"${jwt}"}`),
});

/** Events of runs through the gate, around it and of a Map's child; names around the gate are used again. */
const events = fc
  .uniqueArray(run, {
    minLength: 1,
    maxLength: 6,
    selector: ({ executionArn, redriveCount, isLater }) =>
      `${executionArn}${redriveCount}${isLater && executionArn === around}`,
  })
  .map((runs) =>
    runs.flatMap(({ executionArn, redriveCount, isLater, isSeenRunning, end, input }): Event[] => {
      const begun = isLater && executionArn === around ? startDate + 86_400_000 : startDate;
      const own = executionArn === gated && input !== null ? gatedInput : input;
      const of = { executionArn, redriveCount, startDate: begun, input: own };
      return [
        ...(isSeenRunning ? [statusEventWith({ ...of, status: "RUNNING" })] : []),
        ...(end === undefined ? [] : [statusEventWith({ ...of, status: end })]),
      ];
    }),
  );
const delivery = events.chain((once) => {
  const thrice = [...once, ...once, ...once];
  return fc.record({
    once: fc.constant(once),
    delivered: fc.shuffledSubarray(thrice, { minLength: thrice.length }),
  });
});

async function worldAfter(delivered: readonly Event[]): Promise<RecorderWorld> {
  const world = await freshWorld();
  for (const event of delivered) await world.deliver(event);
  return world;
}

async function freshWorld(): Promise<RecorderWorld> {
  const world = new RecorderWorld();
  await world.hold(gated, [intended, second]);
  world.stepFunctions.mapParents.set(childArn, gated);
  world.stepFunctions.add({ executionArn: gated, input: gatedInput });
  world.stepFunctions.add({ executionArn: around, input: `{"b":"${jwt}"}` });
  return world;
}

function failedGrants(once: readonly Event[]): string[] {
  const failed = once.filter(({ detail }) => ["FAILED", "TIMED_OUT", "ABORTED"].includes(detail.status));
  return [intended, second]
    .filter(({ redriveCount }) =>
      failed.some(({ detail }) => detail.executionArn === gated && detail.redriveCount === redriveCount),
    )
    .map(({ grantId }) => grantId);
}

/** The event as it comes back from the dead letters. */
function redriven(event: Event): Event {
  return JSON.parse(redactEvent(JSON.stringify(event)) ?? "") as Event;
}

const hintedGrants = (world: RecorderWorld) => [
  ...new Set(world.revocations.hints.map(({ grantId }) => grantId)),
];

describe("events delivered three times and out of order", () => {
  test("leave the same facts and states as each of them once, and hint every failed grant", async () => {
    await fc.assert(
      fc.asyncProperty(delivery, async ({ once, delivered }) => {
        const expected = await worldAfter(once);
        const world = await worldAfter(delivered);
        expect(world.outcome()).toEqual(expected.outcome());
        expect(hintedGrants(world).toSorted()).toEqual(failedGrants(once).toSorted());
      }),
      { numRuns: 60 },
    );
  });

  test("leave the same when some come back from the dead letters, tokens that were found in them included", async () => {
    await fc.assert(
      fc.asyncProperty(delivery, fc.infiniteStream(fc.boolean()), async ({ once, delivered }, isRedriven) => {
        const expected = await worldAfter(once);
        const come = delivered.map((event) => (isRedriven.next().value ? redriven(event) : event));
        expect((await worldAfter(come)).outcome()).toEqual(expected.outcome());
      }),
      { numRuns: 60 },
    );
  });

  test("leave no token behind", async () => {
    await fc.assert(
      fc.asyncProperty(events, async (once) => {
        const world = await worldAfter(once);
        const kept = JSON.stringify([world.ledger.entries, world.executions.text, world.revocations.hints]);
        expect(kept).not.toContain("eyJ");
      }),
      { numRuns: 30 },
    );
  });

  test("at the same time leave the same as one after the other", async () => {
    const once = ["RUNNING", "FAILED"].map((status) => statusEventWith({ executionArn: gated, status }));
    const expected = await worldAfter(once);
    const world = await freshWorld();
    await Promise.all([...once, ...once, ...once].map((event) => world.deliver(event)));
    expect(world.outcome()).toEqual(expected.outcome());
  });
});

describe("a recorder that dies at any call, before or after it took effect", () => {
  const cases: [string, Event][] = [
    [
      "a failure through the gate",
      statusEventWith({ executionArn: gated, status: "FAILED", input: gatedInput }),
    ],
    ["a start around the gate", statusEventWith({ executionArn: around, status: "RUNNING", input: null })],
    ["a failure of a Map's child", statusEventWith({ executionArn: childArn, status: "FAILED" })],
  ];

  test.each(
    cases,
  )("leaves %s as if it had not died, once the event is delivered again", async (_name, event) => {
    const expected = await worldAfter([event]);
    const { calls } = await (await freshWorld()).deliver(event);
    expect(calls.length).toBeGreaterThan(3);
    for (const call of calls.keys()) {
      for (const persisted of [false, true]) {
        const world = await freshWorld();
        const { crashed } = await world.deliver(event, { call, persisted });
        expect(crashed).toBe(true);
        await world.deliver(event);
        expect(world.outcome()).toEqual(expected.outcome());
        expect(hintedGrants(world)).toEqual(hintedGrants(expected));
      }
    }
  });
});
