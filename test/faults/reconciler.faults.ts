import { DisableRuleCommand, EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { DescribeExecutionCommand, StartExecutionCommand } from "@aws-sdk/client-sfn";
import type { Entry } from "@countersign/core/entry/entry";
import type { ReconcileReport } from "@countersign/core/reconciler/run";
import { clientOf, names } from "@countersign/local/runtime/provision";
import { type StatusChangeEvent, statusChangeEvent } from "@countersign/local/step-functions/status-event";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { factsOf, scenarioOf, stories, worldAfter } from "../../packages/core/test-support/scenario.ts";
import { type Embedded, startEmbedded } from "../support/embedded.ts";
import { withEndings } from "../support/endings.ts";
import { eventually } from "../support/eventually.ts";
import { Observer } from "../support/observer.ts";
import { sendBodies, shuffled } from "../support/status-events.ts";

const executions = 2_000;
/** Of those, started through the gate. */
const gatedExecutions = 100;
const seed = Number(process.env["FAULTS_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** One in twenty, chosen at random. */
function lostOf<T>(events: readonly T[]): readonly T[] {
  return shuffled(events, seed).slice(0, Math.round(events.length / 20));
}

describe(`of ${executions} executions 5% of the events are lost (FAULTS_SEED=${seed})`, () => {
  it("and one reconcile leaves the facts and states that all events leave, with every gap noted", async () => {
    const scenario = scenarioOf(fc.sample(stories, { numRuns: executions, seed }));
    const lost = new Set(lostOf(scenario.events));
    const delivered = scenario.events.filter((event) => !lost.has(event));
    const expected = await worldAfter(scenario, scenario.events);
    const world = await worldAfter(scenario, shuffled(delivered, seed + 1));
    expect(await world.reconcile()).toMatchObject({ gaps: lost.size, failed: 0, isComplete: true });
    expect(world.gaps).toEqual(factsOf([...lost]));
    expect(world.facts()).toEqual(expected.facts());
  });
});

describe(`so it is through the embedded runtime (FAULTS_SEED=${seed})`, () => {
  let embedded: Embedded;
  let observer: Observer;
  let lambda: LambdaClient;
  let arns: readonly string[];

  beforeAll(async () => {
    embedded = await startEmbedded({ change: withEndings, reconcileGraceSeconds: 0 });
    observer = new Observer(embedded.runtime.urls);
    lambda = new LambdaClient(clientOf(embedded.runtime.urls.aws));
    const events = new EventBridgeClient(clientOf(embedded.runtime.urls.aws));
    await events.send(new DisableRuleCommand({ Name: names.rule }));
    events.destroy();
    const gated = await started(gatedExecutions, startGated);
    arns = [...gated, ...(await started(executions - gatedExecutions, startAround))];
  }, 300_000);
  afterAll(async () => {
    observer?.close();
    lambda?.destroy();
    await embedded?.close();
  });

  it("every execution has each of its facts once, every gap is noted, and no failed one a live grant", async () => {
    const happened = (await inTurn(arns, eventsOf)).flat();
    const lost = new Set(lostOf(happened));
    const delivered = shuffled(happened, seed + 1).filter((event) => !lost.has(event));
    await sendBodies(embedded.sqs, embedded.runtime.queueUrls.statusEvents, delivered.map(bodyOf));
    await embedded.runtime.idle();

    expect(await reconcileToEnd()).toMatchObject({ gaps: lost.size, failed: 0 });
    await embedded.runtime.idle();
    const entries = (await inTurn(arns, (arn) => observer.entries(arn))).flat();
    expect(factsIn(entries)).toEqual(happened.map(factOf).sort());
    expect(gapsIn(entries)).toEqual([...lost].map(gapOf).sort());
    const grants = await inTurn(arns.slice(0, gatedExecutions), (arn) => observer.grant(arn));
    expect(grants.map((grant) => grant?.state)).toEqual(
      grants.map((_, index) => (index % 2 === 0 ? "revoked" : "closed")),
    );
  });

  /** As many runs as their time makes it; what they found, together. */
  async function reconcileToEnd() {
    const found = { gaps: 0, failed: 0 };
    for (;;) {
      const { Payload, FunctionError } = await lambda.send(new InvokeCommand({ FunctionName: "reconciler" }));
      if (FunctionError !== undefined) throw new Error(`the reconciler failed: ${FunctionError}`);
      const report = JSON.parse(Buffer.from(Payload ?? []).toString("utf8")) as ReconcileReport;
      found.gaps += report.gaps;
      found.failed += report.failed;
      if (report.isComplete) return found;
    }
  }

  async function startGated(index: number): Promise<string> {
    const token = await embedded.caller.token("payments-app", "payout:start");
    const [workflow, input] = index % 2 === 0 ? ["fails", {}] : ["waits", { seconds: 0 }];
    const { body } = await embedded.caller.start(token, workflow as string, input as object);
    return String(body["executionArn"]);
  }

  async function startAround(index: number): Promise<string> {
    const machine = index % 2 === 0 ? "fails" : "waits";
    const stateMachineArn = `arn:aws:states:us-east-1:000000000000:stateMachine:${machine}`;
    const input = JSON.stringify({ seconds: 0 });
    const { executionArn } = await embedded.sfn.send(new StartExecutionCommand({ stateMachineArn, input }));
    return executionArn ?? "";
  }

  /** The events that the disabled rule did not let through. */
  function eventsOf(executionArn: string): Promise<StatusChangeEvent[]> {
    return eventually(`the end of ${executionArn}`, async () => {
      const found = await embedded.sfn.send(new DescribeExecutionCommand({ executionArn }));
      const { name = "", stateMachineArn = "", startDate, stopDate, input = "" } = found;
      if (!startDate || !stopDate) return undefined;
      const { output = null, error = null, cause = null } = found;
      const noVersion = { stateMachineVersionArn: null, stateMachineAliasArn: null };
      const facts = {
        executionArn,
        stateMachineArn,
        ...noVersion,
        name,
        startDate: startDate.getTime(),
        input,
      };
      const open = {
        ...facts,
        status: "RUNNING" as const,
        stopDate: null,
        output: null,
        error: null,
        cause: null,
      };
      const status = found.status as "SUCCEEDED" | "FAILED";
      const ended = { ...facts, status, stopDate: stopDate.getTime(), output, error, cause };
      return [statusChangeEvent(open, facts.startDate), statusChangeEvent(ended, ended.stopDate)];
    });
  }
});

function started(count: number, start: (index: number) => Promise<string>): Promise<string[]> {
  return inTurn([...Array(count).keys()], start);
}

/** Runs through items, sixteen at a time. */
async function inTurn<T, R>(items: readonly T[], visit: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += 16) {
    results.push(...(await Promise.all(items.slice(at, at + 16).map(visit))));
  }
  return results;
}

function bodyOf(event: StatusChangeEvent): string {
  return JSON.stringify({ id: event.detail.name, ...event });
}

const statusOf: Partial<Record<Entry["action"], string>> = {
  "execution.started": "RUNNING",
  "execution.succeeded": "SUCCEEDED",
  "execution.failed": "FAILED",
};

/** What an event is a fact of, and when it happened. */
function factOf({ detail }: StatusChangeEvent): string {
  return [detail.executionArn, detail.status, detail.stopDate ?? detail.startDate].join(" ");
}

function factsIn(entries: readonly Entry[]): string[] {
  return entries
    .filter(({ action }) => statusOf[action] !== undefined)
    .map(({ executionArn, action, occurredAt }) => [executionArn, statusOf[action], occurredAt].join(" "))
    .sort();
}

function gapOf({ detail }: StatusChangeEvent): string {
  return [detail.executionArn, detail.status].join(" ");
}

function gapsIn(entries: readonly Entry[]): string[] {
  return entries
    .filter(({ action }) => action === "gap.found")
    .map(({ executionArn, id }) => [executionArn, id].join(" "))
    .sort();
}
