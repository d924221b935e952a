import { DescribeExecutionCommand, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { factProjection } from "@countersign/core/entry/build-entry";
import { digestPayload } from "@countersign/core/status-event/payload-facts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Embedded, startEmbedded } from "../support/embedded.ts";
import { withEndings } from "../support/endings.ts";
import { Observer } from "../support/observer.ts";
import {
  beganAt,
  type EventFields,
  executionArn,
  oldStatusEvent,
  sendBodies,
  shuffled,
  statusEvent,
} from "../support/status-events.ts";

const day = 86_400_000;
const machineArn = "arn:aws:states:us-east-1:000000000000:stateMachine:payout";
/** Two orders of the same deliveries; a failure names the seed. */
const seeds = [42, 20_261_125];

let embedded: Embedded;
let observer: Observer;

beforeAll(async () => {
  embedded = await startEmbedded({ change: withEndings });
  observer = new Observer(embedded.runtime.urls);
});
afterAll(async () => {
  observer.close();
  await embedded.close();
});

describe("events delivered three times and in any order", () => {
  it.each(seeds)("leave what each of them once and in order leaves (seed %i)", async (seed) => {
    for (const event of journeys(`ordered-${seed}`)) await deliver([event]);
    const once = journeys(`shuffled-${seed}`);
    await deliver(shuffled([...once, ...once, ...once], seed));

    const expected = await facts(`ordered-${seed}`);
    expect(expected).toHaveLength(22);
    expect(await facts(`shuffled-${seed}`)).toEqual(expected);
    expect(await states(`shuffled-${seed}`)).toEqual(await states(`ordered-${seed}`));
  });

  it("change neither the entries nor the grant of an execution through the gate", async () => {
    const token = await embedded.caller.token("payments-app", "payout:start");
    const { body } = await embedded.caller.start(token, "fails", {});
    const arn = String(body["executionArn"]);
    await observer.untilGrant(arn, "revoked");
    await embedded.runtime.idle();
    const before = await observer.entries(arn);
    const grant = await observer.grant(arn);

    const events = await eventsOf(arn);
    await deliver(shuffled([...events, ...events, ...events], 7));
    expect(await observer.entries(arn)).toEqual(before);
    expect(await observer.grant(arn)).toEqual(grant);
  });
});

describe("order", () => {
  it("lets a RUNNING that comes after the end neither reopen the execution nor go unrecorded", async () => {
    await deliver([statusEvent({ name: "late", status: "SUCCEEDED" })]);
    await deliver([statusEvent({ name: "late", status: "RUNNING" })]);
    const entries = await observer.entries(executionArn("late"));
    expect(entries.map(({ action }) => action).sort()).toEqual(["execution.started", "execution.succeeded"]);
    expect(await embedded.executions.get(executionArn("late"))).toMatchObject({
      status: "SUCCEEDED",
      open: false,
    });
  });

  it("keeps the two executions apart that used one name, and the newer one's state", async () => {
    const later = { startDate: beganAt + 100 * day };
    await deliver([
      statusEvent({ name: "again", status: "FAILED" }),
      statusEvent({ name: "again", status: "RUNNING", detail: later }),
    ]);
    await deliver([statusEvent({ name: "again", status: "RUNNING" })]);
    const entries = await observer.entries(executionArn("again"));
    expect(entries.map(({ action, startDate }) => [action, startDate]).sort()).toEqual([
      ["execution.failed", beganAt],
      ["execution.started", beganAt],
      ["execution.started", later.startDate],
    ]);
    expect(await embedded.executions.get(executionArn("again"))).toMatchObject({
      ...later,
      status: "RUNNING",
      open: true,
    });
  });
});

const version = `${machineArn}:3`;
const alias = `${machineArn}:live`;
const largest = JSON.stringify({ note: "x".repeat(253_900) });

/** Each shape an event may have, and the entry it must become. */
const shapes: readonly (readonly [title: string, event: object, entry: object])[] = [
  [
    "an event of 2019, without redrive, version, error and detail fields",
    oldStatusEvent({ name: "old", status: "FAILED" }),
    { action: "execution.failed", redriveCount: 0, occurredAt: beganAt + 5_000, error: undefined },
  ],
  [
    "redriveDate null",
    statusEvent({ name: "redrive-null", status: "RUNNING" }),
    { action: "execution.started", redriveCount: 0, occurredAt: beganAt },
  ],
  [
    "redriveDate a number",
    redriven("redrive-number", beganAt + day),
    { action: "execution.redriven", redriveCount: 1, occurredAt: beganAt + day },
  ],
  [
    "redriveDate a string, as AWS documents it",
    redriven("redrive-string", new Date(beganAt + day).toISOString()),
    { action: "execution.redriven", redriveCount: 1, occurredAt: beganAt + day },
  ],
  [
    "redriveDate a string of digits",
    redriven("redrive-digits", String(beganAt + day)),
    { action: "execution.redriven", redriveCount: 1, occurredAt: beganAt + day },
  ],
  [
    "null input",
    statusEvent({ name: "null-input", status: "RUNNING", detail: { input: null, inputDetails: null } }),
    { action: "execution.started", detail: undefined },
  ],
  [
    "a status nobody knows yet",
    statusEvent({ name: "unknown", status: "HIBERNATING" }),
    { action: "execution.status_changed", outcome: "unknown", detail: { status: "HIBERNATING" } },
  ],
  [
    "PENDING_REDRIVE",
    statusEvent({ name: "pending", status: "PENDING_REDRIVE" }),
    { action: "execution.status_changed", outcome: "unknown", detail: { status: "PENDING_REDRIVE" } },
  ],
  [
    "the largest input that EventBridge includes",
    statusEvent({ name: "largest", status: "RUNNING", detail: { input: largest } }),
    { action: "execution.started", detail: { input: digestPayload(largest) } },
  ],
  [
    "an input and an output that were left out",
    statusEvent({
      name: "left-out",
      status: "SUCCEEDED",
      detail: {
        input: null,
        inputDetails: { included: false },
        output: null,
        outputDetails: { included: false },
      },
    }),
    { action: "execution.succeeded", detail: undefined },
  ],
  [
    "an execution of a version",
    statusEvent({ name: "version", status: "RUNNING", detail: { stateMachineVersionArn: version } }),
    { workflow: "payout", stateMachineVersionArn: version, stateMachineAliasArn: undefined },
  ],
  [
    "an execution of an alias",
    statusEvent({
      name: "alias",
      status: "RUNNING",
      detail: { stateMachineVersionArn: version, stateMachineAliasArn: alias },
    }),
    { workflow: "payout", stateMachineVersionArn: version, stateMachineAliasArn: alias },
  ],
  [
    "a child of a distributed Map",
    statusEvent({ name: "5d1c", machine: "payout/EachOrder", status: "RUNNING" }),
    { workflow: "payout", action: "execution.started" },
  ],
  [
    "an envelope without an id, and a field nobody knows",
    statusEvent({
      name: "odd",
      status: "RUNNING",
      envelope: { id: undefined, "replay-name": "again" },
      detail: { mood: 1 },
    }),
    { action: "execution.started" },
  ],
];

describe("shapes", () => {
  beforeAll(() => deliver(shapes.map(([, event]) => event)));

  it.each(shapes)("records %s", async (_title, event, expected) => {
    const { detail } = event as { detail: { executionArn: string } };
    const entries = await observer.entries(detail.executionArn);
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ attribution: "none", source: "event" });
    for (const [field, value] of Object.entries(expected))
      expect(entries[0]?.[field as keyof (typeof entries)[0]], field).toEqual(value);
  });

  it("records an execution with 256 KB of input, and looks for tokens where the event left it out", async () => {
    const token = await embedded.caller.token("payments-app", "payout:start");
    const frame = JSON.stringify({ amount: 5, held: token, note: "" });
    const input = JSON.stringify({ amount: 5, held: token, note: "x".repeat(262_144 - frame.length) });
    const { executionArn: arn = "" } = await embedded.sfn.send(
      new StartExecutionCommand({ stateMachineArn: machineArn, input }),
    );
    await observer.untilEntry(arn, "execution.succeeded");
    await embedded.runtime.idle();
    const entries = await observer.entries(arn);
    expect(entries.map(({ action }) => action).sort()).toEqual([
      "execution.started",
      "execution.succeeded",
      "token.found_in_data",
    ]);
    const found = entries.find(({ action }) => action === "token.found_in_data");
    expect(found?.detail).toEqual({ shapes: [{ path: "input<json>.held", kind: "jwt" }] });
  });
});

function redriven(name: string, redriveDate: number | string) {
  return statusEvent({ name, status: "RUNNING", detail: { redriveCount: 1, redriveDate } });
}

/** Executions of every kind, their events in the order they happened. */
function journeys(prefix: string): object[] {
  const of = (name: string, status: string, detail: EventFields["detail"] = {}) =>
    statusEvent({ name: `${prefix}-${name}`, status, detail });
  const later = { startDate: beganAt + 100 * day };
  const redrive = { redriveCount: 1, redriveDate: beganAt + day };
  const held = { input: JSON.stringify({ access_token: "0123456789abcdef-opaque" }) };
  const alone = { stateMachineVersionArn: version, stateMachineAliasArn: alias };
  return [
    of("succeeds", "RUNNING"),
    of("succeeds", "SUCCEEDED"),
    of("redriven", "RUNNING"),
    of("redriven", "FAILED"),
    of("redriven", "RUNNING", redrive),
    of("redriven", "SUCCEEDED", { ...redrive, stopDate: beganAt + day + 1_000 }),
    of("aborted", "RUNNING", alone),
    of("aborted", "ABORTED", alone),
    of("timed-out", "RUNNING"),
    of("timed-out", "TIMED_OUT"),
    of("reused", "RUNNING"),
    of("reused", "FAILED"),
    of("reused", "RUNNING", later),
    of("reused", "SUCCEEDED", later),
    oldStatusEvent({ name: `${prefix}-old`, status: "RUNNING" }),
    oldStatusEvent({ name: `${prefix}-old`, status: "FAILED" }),
    of("waits", "PENDING_REDRIVE"),
    of("waits", "RUNNING", redrive),
    of("unknown", "HIBERNATING"),
    of("holds", "RUNNING", held),
    of("holds", "SUCCEEDED"),
  ];
}

const journeyNames = [
  "succeeds",
  "redriven",
  "aborted",
  "timed-out",
  "reused",
  "old",
  "waits",
  "unknown",
  "holds",
];

/** What the ledger says of a prefix' executions, but for their names. */
async function facts(prefix: string): Promise<string[]> {
  const entries = await Promise.all(
    journeyNames.map((name) => observer.entries(executionArn(`${prefix}-${name}`))),
  );
  return entries
    .flat()
    .map((entry) => {
      const { entryId: _, ...fact } = JSON.parse(factProjection(entry)) as Record<string, unknown>;
      return JSON.stringify(fact).replaceAll(prefix, "");
    })
    .sort();
}

async function states(prefix: string): Promise<unknown[]> {
  const states = journeyNames.map((name) => embedded.executions.get(executionArn(`${prefix}-${name}`)));
  return (await Promise.all(states)).map((state) => ({
    ...state,
    executionArn: state?.executionArn.replace(prefix, ""),
    revision: 0,
  }));
}

/** The events that an execution had, told by Step Functions itself. */
async function eventsOf(arn: string): Promise<object[]> {
  const described = await embedded.sfn.send(new DescribeExecutionCommand({ executionArn: arn }));
  const { name = "", startDate, stopDate, input, error, cause } = described;
  const detail = { startDate: startDate?.getTime(), input };
  const ended = { ...detail, stopDate: stopDate?.getTime(), error, cause };
  return [
    statusEvent({ name, machine: "fails", status: "RUNNING", detail }),
    statusEvent({ name, machine: "fails", status: "FAILED", detail: ended }),
  ];
}

async function deliver(events: readonly object[]): Promise<void> {
  const bodies = events.map((event) => JSON.stringify(event));
  await sendBodies(embedded.sqs, embedded.runtime.queueUrls.statusEvents, bodies);
  await embedded.runtime.idle();
}
