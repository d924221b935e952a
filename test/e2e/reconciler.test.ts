import { DisableRuleCommand, EnableRuleCommand, EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { DescribeExecutionCommand, StartExecutionCommand, StopExecutionCommand } from "@aws-sdk/client-sfn";
import type { Entry } from "@countersign/core/entry/entry";
import type { ReconcileReport } from "@countersign/core/reconciler/run";
import { clientOf, names } from "@countersign/local/runtime/provision";
import { statusChangeEvent } from "@countersign/local/step-functions/status-event";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Embedded, startEmbedded } from "../support/embedded.ts";
import { withEndings } from "../support/endings.ts";
import { eventually } from "../support/eventually.ts";
import { Observer } from "../support/observer.ts";
import { sendBodies } from "../support/status-events.ts";

const machine = (name: string) => `arn:aws:states:us-east-1:000000000000:stateMachine:${name}`;

let embedded: Embedded;
let observer: Observer;
let events: EventBridgeClient;
let lambda: LambdaClient;
let token: string;
/** Executions whose events came. */
let seen: string;
let open: string;
/** Executions that no event told of: one that succeeded, one that failed, and one around the gate. */
let succeeded: string;
let failed: string;
let around: string;
let report: ReconcileReport;

beforeAll(async () => {
  embedded = await startEmbedded({ change: withEndings, reconcileGraceSeconds: 0 });
  observer = new Observer(embedded.runtime.urls);
  const { urls } = embedded.runtime;
  events = new EventBridgeClient(clientOf(urls.aws));
  lambda = new LambdaClient(clientOf(urls.aws));
  token = await embedded.caller.token("payments-app", "payout:start");
  seen = await start("fails", {});
  open = await start("waits", { seconds: 3600 });
  await observer.untilGrant(seen, "revoked");
  await observer.untilEntry(open, "execution.started");

  await events.send(new DisableRuleCommand({ Name: names.rule }));
  succeeded = await start("payout", { amount: 1_250 });
  failed = await start("fails", {});
  around = await startAround("fails");
  // Its start is on the record; that it ended is not.
  await embedded.sfn.send(new StopExecutionCommand({ executionArn: open, error: "Operator.Stopped" }));
  await Promise.all([succeeded, failed, around, open].map(untilEnded));
  await embedded.runtime.idle();
  await events.send(new EnableRuleCommand({ Name: names.rule }));
});
afterAll(async () => {
  observer.close();
  for (const client of [events, lambda]) client.destroy();
  await embedded.close();
});

describe("while the rule is disabled", () => {
  it("no event is recorded, and the grant of a failed execution stays", async () => {
    expect(await actionsOf(failed)).toEqual(["execution.authorized"]);
    expect(await actionsOf(around)).toEqual([]);
    expect((await observer.grant(failed))?.state).toBe("active");
  });
});

describe("the reconciler, invoked once", () => {
  it("finds every fact that was missed", async () => {
    report = await reconcile();
    expect(report).toMatchObject({ gaps: 7, recorded: 7, failed: 0, forgotten: 0, isComplete: true });
    expect(await missed(succeeded)).toEqual(["RUNNING", "SUCCEEDED"]);
    expect(await missed(failed)).toEqual(["FAILED", "RUNNING"]);
    expect(await missed(around)).toEqual(["FAILED", "RUNNING"]);
    expect(await missed(open)).toEqual(["ABORTED"]);
    expect(await missed(seen)).toEqual([]);
  });

  it("records what the events would have, from another source", async () => {
    const [fromEvent, fromReconcile] = await Promise.all([entryOf(seen), entryOf(failed)]);
    expect([fromEvent.source, fromReconcile.source]).toEqual(["event", "reconcile"]);
    expect(Object.keys(fromReconcile).sort()).toEqual(Object.keys(fromEvent).sort());
    expect(timeless(fromReconcile)).toEqual(timeless(fromEvent));
    const { stopDate } = await embedded.sfn.send(new DescribeExecutionCommand({ executionArn: failed }));
    expect(fromReconcile.occurredAt).toBe(stopDate?.getTime());
  });

  it("has the grants of failed executions revoked", async () => {
    expect((await observer.untilGrant(failed, "revoked")).state).toBe("revoked");
    expect((await observer.untilGrant(open, "revoked")).state).toBe("revoked");
    expect((await observer.grant(succeeded))?.state).toBe("closed");
    expect(await actionsOf(failed)).toContain("token.revoked");
  });

  it("records an execution around the gate as nobody's", async () => {
    const entries = await observer.entries(around);
    expect(entries.map(({ action }) => action).sort()).toEqual([
      "execution.failed",
      "execution.started",
      "gap.found",
      "gap.found",
    ]);
    for (const { action, attribution, subject } of entries) {
      expect([attribution, subject]).toEqual([action === "gap.found" ? undefined : "none", undefined]);
    }
  });

  it("says how many gaps it found in a line of its log", async () => {
    const line = embedded.logs.find((one) => one.startsWith("reconciler: ") && one.includes('"reconciled"'));
    expect(JSON.parse(line?.slice("reconciler: ".length) ?? "{}")).toMatchObject({ level: "WARN", gaps: 7 });
  });

  it("finds nothing more the second time", async () => {
    expect(await reconcile()).toMatchObject({ gaps: 0, recorded: 0, described: 0, failed: 0 });
  });

  it("is at one with the events when they come after all", async () => {
    const arns = [succeeded, failed, around, open];
    const before = await Promise.all(arns.map(actionsOf));
    const bodies = (await Promise.all(arns.map(lateEvents))).flat();
    await sendBodies(embedded.sqs, embedded.runtime.queueUrls.statusEvents, bodies);
    await embedded.runtime.idle();
    expect(await Promise.all(arns.map(actionsOf))).toEqual(before);
    expect(embedded.logs.filter((line) => line.includes("fact_conflict"))).toEqual([]);
  });
});

async function reconcile(): Promise<ReconcileReport> {
  const { Payload, FunctionError } = await lambda.send(new InvokeCommand({ FunctionName: "reconciler" }));
  expect(FunctionError).toBeUndefined();
  return JSON.parse(Buffer.from(Payload ?? []).toString("utf8")) as ReconcileReport;
}

async function start(workflow: string, input: object): Promise<string> {
  const { status, body } = await embedded.caller.start(token, workflow, input);
  expect([status, body["detail"]]).toEqual([201, undefined]);
  return String(body["executionArn"]);
}

async function startAround(name: string): Promise<string> {
  const command = new StartExecutionCommand({ stateMachineArn: machine(name), input: "{}" });
  return (await embedded.sfn.send(command)).executionArn ?? "";
}

function untilEnded(executionArn: string): Promise<string> {
  return eventually(`the end of ${executionArn}`, async () => {
    const { status } = await embedded.sfn.send(new DescribeExecutionCommand({ executionArn }));
    return status === "RUNNING" ? undefined : status;
  });
}

async function actionsOf(executionArn: string): Promise<string[]> {
  return (await observer.entries(executionArn)).map(({ action }) => action).sort();
}

/** The statuses of an execution that gaps were noted for. */
async function missed(executionArn: string): Promise<unknown[]> {
  const entries = await observer.entries(executionArn);
  return entries
    .filter(({ action }) => action === "gap.found")
    .map(({ detail }) => detail?.["status"])
    .sort();
}

function entryOf(executionArn: string): Promise<Entry> {
  return observer.untilEntry(executionArn, "execution.failed");
}

/** An entry without what belongs to its one execution. */
function timeless(entry: Entry) {
  const { entryId, occurredAt, recordedAt, source, executionArn, startDate, causedBy, detail, ...rest } =
    entry;
  const ofOne = [entryId, occurredAt, recordedAt, source, executionArn, startDate, causedBy];
  expect(ofOne.every((value) => value !== undefined)).toBe(true);
  return { ...rest, detail: Object.keys(detail ?? {}) };
}

/** The events that the rule did not let through. */
async function lateEvents(executionArn: string): Promise<string[]> {
  const found = await embedded.sfn.send(new DescribeExecutionCommand({ executionArn }));
  const {
    name = "",
    stateMachineArn = "",
    startDate = new Date(0),
    stopDate = startDate,
    input = "",
  } = found;
  const { output = null, error = null, cause = null } = found;
  const facts = {
    executionArn,
    stateMachineArn,
    stateMachineVersionArn: null,
    stateMachineAliasArn: null,
    name,
    startDate: startDate.getTime(),
    input,
  };
  const ended = { ...facts, stopDate: stopDate.getTime(), output, error, cause };
  const running = { ...facts, stopDate: null, output: null, error: null, cause: null };
  const status = found.status as "SUCCEEDED" | "FAILED" | "ABORTED";
  return [
    statusChangeEvent({ ...running, status: "RUNNING" }, facts.startDate),
    statusChangeEvent({ ...ended, status }, ended.stopDate),
  ].map((event) => JSON.stringify({ id: name, ...event }));
}
