import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { createLedgerWriter } from "@countersign/aws/dynamodb/ledger";
import { createRefusalCounters, createUnrecordedRefusals } from "@countersign/aws/dynamodb/refusal-counters";
import type { Entry } from "@countersign/core/entry/entry";
import { recordRefusals, refusalGraceMs } from "@countersign/core/refusals/record-refusals";
import { minuteMs } from "@countersign/core/refusals/refusal-counters";
import { clientOf, names } from "@countersign/local/runtime/provision";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Embedded, startEmbedded } from "../support/embedded.ts";

let embedded: Embedded;
beforeAll(async () => {
  embedded = await startEmbedded();
});
afterAll(() => embedded.close());

const start = (authorization: string | undefined, workflow = "payout") =>
  fetch(`${embedded.runtime.urls.api}/workflows/${workflow}/executions`, {
    method: "POST",
    headers: authorization === undefined ? {} : { authorization },
    body: "{}",
  });

async function entriesOf(action: Entry["action"]): Promise<Entry[]> {
  const window = { from: Date.now() - 3_600_000, to: Date.now() + 3_600_000, limit: 100 };
  const { entries } = await embedded.ledger.query({ by: "time" }, window);
  return entries.filter((entry) => entry.action === action);
}

/** What is counted and not in the ledger yet. */
async function counted(): Promise<number[]> {
  const { Items = [] } = await embedded.dynamodb.send(new ScanCommand({ TableName: names.state }));
  return Items.filter(({ pk }) => pk?.S?.startsWith("REFUSED#")).map((item) => Number(item["n"]?.N));
}

/** Sweeps as if the minute of every refusal so far were over for long enough. */
async function sweepLater(): Promise<void> {
  const clock = { now: () => Date.now() + minuteMs + refusalGraceMs };
  const source = { dynamodb: embedded.dynamodb, table: names.state };
  const ledger = createLedgerWriter({ dynamodb: embedded.dynamodb, table: names.ledger, clock });
  const refusals = createUnrecordedRefusals(source);
  const onFailure = (_key: unknown, error: unknown) => {
    throw error;
  };
  await recordRefusals({ clock, refusals, ledger }, { until: Number.POSITIVE_INFINITY, onFailure });
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
const countOf = ({ detail }: Entry) => Number(detail?.["count"]);

describe("requests without a good token", () => {
  it("buy a write or two, and stand in one entry for each minute", async () => {
    for (let sent = 0; sent < 200; sent += 1)
      expect((await start(`Bearer garbage-${sent}`)).status).toBe(401);
    const early = await counted();
    expect(early.length).toBeLessThanOrEqual(2);
    expect(sum(early)).toBeGreaterThanOrEqual(100);
    expect(sum(early)).toBeLessThanOrEqual(200);
    expect(await entriesOf("request.refused")).toEqual([]);

    await sweepLater();
    const entries = await entriesOf("request.refused");
    expect(entries).toHaveLength(early.length);
    expect(sum(entries.map(countOf))).toBe(sum(early));
    for (const entry of entries) {
      expect(entry).toMatchObject({
        outcome: "denied",
        detail: { sourcePrefix: "127.0.0.0/24", isAtLeast: true },
      });
      expect(entry).not.toHaveProperty("subject");
    }
    expect(await counted()).toEqual([]);
  });

  it("of a minute that is over are recorded by the sweeper's function, once", async () => {
    const minute = Math.floor(Date.now() / minuteMs) * minuteMs - 10 * minuteMs;
    const dynamodb = new DynamoDBClient({ ...clientOf(embedded.runtime.urls.dynamodb), maxAttempts: 1 });
    const lambda = new LambdaClient(clientOf(embedded.runtime.urls.aws));
    try {
      const key = { minute, reason: "token.missing", sourcePrefix: "192.0.2.0/24" };
      await createRefusalCounters({ dynamodb, table: names.state }).add(key, 7);
      const sweep = () => lambda.send(new InvokeCommand({ FunctionName: "sweeper" }));
      const sweeps = await Promise.all([sweep(), sweep()]);
      expect(sweeps.map(({ FunctionError }) => FunctionError)).toEqual([undefined, undefined]);
      const entries = (await entriesOf("request.refused")).filter(({ occurredAt }) => occurredAt === minute);
      expect(entries).toMatchObject([{ detail: { ...key, count: 7, isAtLeast: true } }]);
    } finally {
      dynamodb.destroy();
      lambda.destroy();
    }
  });
});

describe("a verified caller", () => {
  it("gets the same answer for a workflow it has no scope of and for one that does not exist", async () => {
    const token = await embedded.caller.token("reports-app", "reports:read");
    const answers = [];
    for (const workflow of ["payout", "nightly"]) {
      const answer = await start(`Bearer ${token}`, workflow);
      const { requestId: _requestId, ...body } = (await answer.json()) as Record<string, unknown>;
      answers.push({ status: answer.status, body, challenge: answer.headers.get("www-authenticate") });
    }
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]).toMatchObject({ status: 403, body: { code: "policy.scope_insufficient" } });
    const denied = await entriesOf("execution.denied");
    expect(denied.map(({ workflow, error }) => [workflow, error?.code]).toSorted()).toEqual([
      ["nightly", "resource.not_found"],
      ["payout", "policy.scope_insufficient"],
    ]);
  });
});
