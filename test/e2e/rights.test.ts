import { resolve } from "node:path";
import type { ConfigInput } from "@countersign/core/config/config";
import type { Entry } from "@countersign/core/entry/entry";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Embedded, startEmbedded } from "../support/embedded.ts";
import { withEndings } from "../support/endings.ts";
import { Observer } from "../support/observer.ts";

/** Of nobody: one name that nothing runs under, one state machine that no workflow names. */
const unknownArn = "arn:aws:states:us-east-1:000000000000:execution:waits:cs-none";
const unregisteredArn = "arn:aws:states:us-east-1:000000000000:execution:elsewhere:cs-none";

let embedded: Embedded;
let observer: Observer;
let tokens: Record<"payments" | "other" | "operator" | "auditor" | "operations", string>;
let mine: string;
let others: string;
/** Of a workflow whose operations are open to whoever holds their scopes. */
let shared: string;

beforeAll(async () => {
  embedded = await startEmbedded({ change: withOperators });
  observer = new Observer(embedded.runtime.urls);
  const { caller } = embedded;
  tokens = {
    payments: await caller.token("payments-app", "payout:start"),
    other: await caller.token("other-app", "payout:start"),
    operator: await caller.token("operator", "shared:status shared:stop"),
    auditor: await caller.token("auditor", "audit:read"),
    operations: await caller.token("operator", "operations:write"),
  };
  [mine, others, shared] = [
    await start(tokens.payments, "waits"),
    await start(tokens.other, "waits"),
    await start(tokens.payments, "shared"),
  ];
  for (const arn of [mine, others, shared]) await observer.untilEntry(arn, "execution.started");
});
afterAll(async () => {
  observer.close();
  await embedded.close();
});

describe("two clients", () => {
  it("see and stop their own executions and not each other's, which is on the record", async () => {
    for (const [token, own, foreign] of [
      [tokens.payments, mine, others],
      [tokens.other, others, mine],
    ] as const) {
      expect((await describeExecution(token, own)).status).toBe(200);
      expect((await describeExecution(token, foreign)).status).toBe(404);
      expect((await stop(token, foreign)).status).toBe(404);
    }
    for (const [arn, stranger] of [
      [mine, "other-app"],
      [others, "payments-app"],
    ] as const) {
      const denied = (await observer.entries(arn)).filter(({ outcome }) => outcome === "denied");
      expect(denied.map(({ action }) => action).sort()).toEqual([
        "execution.described",
        "execution.stop_requested",
      ]);
      for (const entry of denied) {
        expect(entry).toMatchObject({
          subject: { iss: embedded.runtime.urls.issuer, sub: stranger },
          clientId: stranger,
          error: { code: "resource.not_found" },
          detail: { refusal: "not_own" },
        });
      }
      expect((await embedded.caller.describe(tokenOf(arn), arn)).body["status"]).toBe("RUNNING");
    }
  });

  it("can't tell another's execution from one that is not there", async () => {
    for (const ask of [describeExecution, stop]) {
      const [foreign, ...rest] = [
        await ask(tokens.payments, others),
        await ask(tokens.payments, unknownArn),
        await ask(tokens.payments, unregisteredArn),
        await ask(tokens.payments, "payout"),
      ];
      expect(foreign?.status).toBe(404);
      for (const answer of rest) expect(answer).toEqual(foreign);
    }
  });
});

describe("an operator", () => {
  it("sees and stops any execution of a workflow that says so, on the record", async () => {
    for (const _ of [1, 2]) expect((await describeExecution(tokens.operator, shared)).status).toBe(200);
    expect((await stop(tokens.operator, shared)).status).toBe(202);
    await observer.untilEntry(shared, "execution.aborted");
    expect((await stop(tokens.operator, shared)).status).toBe(202);
    const acts = byAction(await observer.entries(shared), "operator");
    expect(acts["execution.stop_requested"]).toHaveLength(2);
    // Two looks, unless the minute turned between them, are one entry.
    expect(acts["execution.described"]?.length).toBeGreaterThanOrEqual(1);
    for (const entry of Object.values(acts).flat()) {
      expect(entry).toMatchObject({ outcome: "success", attribution: "gate", workflow: "shared" });
    }
  });

  it("has no right at any other workflow's", async () => {
    expect((await describeExecution(tokens.operator, mine)).status).toBe(404);
    expect((await stop(tokens.operator, mine)).status).toBe(404);
  });
});

describe("who started an execution", () => {
  it("needs the operation's own scopes all the same", async () => {
    expect((await describeExecution(tokens.payments, shared)).status).toBe(403);
  });

  it("leaves no entry by looking at it, and one by stopping it", async () => {
    await describeExecution(tokens.payments, mine);
    expect((await stop(tokens.payments, mine)).status).toBe(202);
    await observer.untilEntry(mine, "execution.aborted");
    expect(Object.keys(byAction(await observer.entries(mine), "payments-app"))).not.toContain(
      "execution.described",
    );
    expect((await stop(tokens.payments, mine)).status).toBe(202);
  });
});

describe("an auditor and an operator of the queues", () => {
  it("are on the record with what they asked for, and so are those who may not", async () => {
    const query = new URLSearchParams({ executionArn: mine });
    expect((await ask("GET", `/audit/entries?${query}`, tokens.auditor)).status).toBe(200);
    expect((await ask("GET", "/audit/entries", tokens.payments)).status).toBe(403);
    expect((await ask("GET", "/operations/dead-letters", tokens.operations)).status).toBe(200);
    expect((await ask("GET", "/operations/dead-letters", tokens.auditor)).status).toBe(403);
    const redrive = "/operations/dead-letters/redrive";
    expect((await ask("POST", redrive, tokens.operations)).status).toBe(200);
    expect((await ask("POST", redrive, tokens.auditor)).status).toBe(403);
    const recorded = (await observer.allEntries())
      .filter(({ action }) => action.startsWith("audit.") || action.startsWith("dead_letter."))
      .map(({ action, outcome, clientId }) => `${action} ${outcome} ${clientId}`);
    expect(recorded.sort()).toEqual([
      "audit.queried denied payments-app",
      "audit.queried success auditor",
      "dead_letter.listed denied auditor",
      "dead_letter.listed success operator",
      "dead_letter.redriven denied auditor",
      "dead_letter.redriven success operator",
    ]);
  });
});

function withOperators(config: ConfigInput): ConfigInput {
  const base = withEndings(config);
  const definition = resolve(import.meta.dirname, "../support/state-machines/waits.asl.json");
  const open = (act: string) => ({ scopes: [`shared:${act}`], own: false });
  return {
    ...base,
    workflows: {
      ...base.workflows,
      shared: {
        stateMachine: "shared",
        start: { scopes: ["payout:start"] },
        operate: { status: open("status"), stop: open("stop") },
      },
    },
    local: {
      ...base.local,
      stateMachines: { ...base.local?.stateMachines, shared: { definition } },
      clients: {
        ...base.local?.clients,
        operator: { scopes: ["operations:write", "shared:status", "shared:stop"] },
      },
    },
  };
}

async function start(token: string, workflow: string): Promise<string> {
  const { status, body } = await embedded.caller.start(token, workflow, { seconds: 3600 });
  expect([status, body["detail"]]).toEqual([201, undefined]);
  return String(body["executionArn"]);
}

const describeExecution = (token: string, arn: string) =>
  ask("GET", `/executions/${encodeURIComponent(arn)}`, token);
const stop = (token: string, arn: string) =>
  ask("POST", `/executions/${encodeURIComponent(arn)}/stop`, token);

/** An answer as it came, without what names the request or the time. */
async function ask(method: string, path: string, token: string) {
  const answer = await fetch(`${embedded.runtime.urls.api}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
  });
  const body = (await answer.text()).replace(/"requestId":"[^"]*"/, '"requestId":""');
  const headers = [...answer.headers].filter(([name]) => !["date", "apigw-requestid"].includes(name));
  return { status: answer.status, headers, body };
}

function tokenOf(arn: string): string {
  return arn === mine ? tokens.payments : tokens.other;
}

function byAction(entries: readonly Entry[], clientId: string): Partial<Record<string, Entry[]>> {
  const acts = entries.filter((entry) => entry.clientId === clientId && entry.source === "api");
  return Object.groupBy(acts, ({ action }) => action);
}
