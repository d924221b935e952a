import { StartExecutionCommand, StopExecutionCommand } from "@aws-sdk/client-sfn";
import type { Entry } from "@countersign/core/entry/entry";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Embedded, startEmbedded } from "../support/embedded.ts";
import { withEndings } from "../support/endings.ts";
import { eventually } from "../support/eventually.ts";
import { Observer } from "../support/observer.ts";

interface Ending {
  readonly title: string;
  readonly workflow: string;
  readonly input: object;
  readonly action: Entry["action"];
  readonly error?: string;
  readonly stop?: "api" | "sdk";
}

const endings: readonly Ending[] = [
  {
    title: "FAILED by a Fail state",
    workflow: "fails",
    input: {},
    action: "execution.failed",
    error: "Payout.Refused",
  },
  {
    title: "FAILED by a task's uncaught error",
    workflow: "payout",
    input: { amount: 2_000_000 },
    action: "execution.failed",
    error: "ChargeDeclinedError",
  },
  { title: "TIMED_OUT", workflow: "times-out", input: {}, action: "execution.timed_out" },
  {
    title: "ABORTED through the API",
    workflow: "waits",
    input: { seconds: 3600 },
    action: "execution.aborted",
    error: "Countersign.StopRequested",
    stop: "api",
  },
  {
    title: "ABORTED around the gate",
    workflow: "waits",
    input: { seconds: 3600 },
    action: "execution.aborted",
    error: "Operator.Stopped",
    stop: "sdk",
  },
];

const revocation = ["token.revocation_requested", "token.revocation_accepted", "token.revoked"];

let embedded: Embedded;
let observer: Observer;
let token: string;
/** Execution ARNs by ending, all started with the one token. */
const arns = new Map<string, string>();
let succeeded: string;
let sibling: string;

beforeAll(async () => {
  embedded = await startEmbedded({ change: withEndings });
  observer = new Observer(embedded.runtime.urls);
  token = await embedded.caller.token("payments-app", "payout:start");
  sibling = await start("waits", { seconds: 3600 });
  succeeded = await start("payout", { amount: 1_250 });
  for (const { title, workflow, input } of endings) arns.set(title, await start(workflow, input));
  await Promise.all(endings.map(({ title, stop }) => stopped(arnOf(title), stop)));
  await Promise.all([
    observer.untilEntry(succeeded, "execution.succeeded"),
    ...endings.map(({ title }) => observer.untilGrant(arnOf(title), "revoked")),
  ]);
  await embedded.runtime.idle();
});
afterAll(async () => {
  observer.close();
  await embedded.close();
});

describe.each(endings)("an execution that ends $title", ({ title, action, error, stop, workflow }) => {
  it("is recorded step by step, each entry with its subject and scopes", async () => {
    const entries = await observer.entries(arnOf(title));
    expect(entries.map((entry) => entry.action).sort()).toEqual(
      [
        "execution.authorized",
        "execution.started",
        ...(stop === "api" ? ["execution.stop_requested"] : []),
        action,
        ...revocation,
      ].sort(),
    );
    for (const entry of entries) expect(entry).toMatchObject(attributed(workflow));
  });

  it("has its end recorded as a failure, with the error's name alone", async () => {
    const end = (await observer.entries(arnOf(title))).find((entry) => entry.action === action);
    expect(end).toMatchObject({ outcome: "failure", source: "event", redriveCount: 0 });
    expect(end?.error).toEqual(error === undefined ? undefined : { name: error });
    expect(JSON.stringify(end)).not.toContain("the payout is refused");
  });

  it("holds no live token: the grant is revoked, the provider says inactive, the gate refuses it", async () => {
    const grant = await observer.grant(arnOf(title));
    expect(grant?.state).toBe("revoked");
    const grantToken = await observer.grantToken(arnOf(title));
    expect(await observer.introspect(grantToken)).toEqual({ active: false });
    expect((await embedded.caller.start(grantToken, "payout", { amount: 1 })).status).toBe(401);
  });
});

describe("an execution that SUCCEEDED", () => {
  it("is recorded with its subject and scopes, and its grant is closed", async () => {
    const entries = await observer.entries(succeeded);
    expect(entries.map(({ action }) => action)).toEqual([
      "execution.authorized",
      "execution.started",
      "execution.succeeded",
    ]);
    for (const entry of entries) expect(entry).toMatchObject({ ...attributed("payout"), outcome: "success" });
    expect((await observer.grant(succeeded))?.state).toBe("closed");
  });

  it("names the entry that authorised it as its cause, and digests of its data in place of them", async () => {
    const [authorized, started, end] = await observer.entries(succeeded);
    expect([started?.causedBy, end?.causedBy]).toEqual([authorized?.entryId, authorized?.entryId]);
    expect(started?.detail?.["input"]).toEqual({ sha256: expect.any(String), bytes: expect.any(Number) });
    expect(end?.detail?.["output"]).toEqual({ sha256: expect.any(String), bytes: expect.any(Number) });
  });
});

describe("an execution that still runs", () => {
  it("keeps its own live token, whatever others that the same token started came to", async () => {
    expect((await observer.grant(sibling))?.state).toBe("active");
    expect(await observer.introspect(await observer.grantToken(sibling))).toMatchObject({ active: true });
  });

  it("leaves the caller's token as it was: it still reads, and still starts", async () => {
    expect((await embedded.caller.describe(token, sibling)).body).toMatchObject({
      status: "RUNNING",
      attribution: "gate",
      grant: { state: "active" },
    });
    expect((await embedded.caller.start(token, "payout", { amount: 5 })).status).toBe(201);
  });
});

describe("an execution around the gate", () => {
  it("is recorded unattributed, with no subject, scope or grant", async () => {
    const stateMachineArn = "arn:aws:states:us-east-1:000000000000:stateMachine:fails";
    const { executionArn = "" } = await embedded.sfn.send(new StartExecutionCommand({ stateMachineArn }));
    await observer.untilEntry(executionArn, "execution.failed");
    await embedded.runtime.idle();
    const entries = await observer.entries(executionArn);
    expect(entries.map(({ action }) => action)).toEqual(["execution.started", "execution.failed"]);
    for (const entry of entries) {
      expect(entry).toMatchObject({ attribution: "none", workflow: "fails" });
      expect([entry.subject, entry.scopes, entry.clientId, entry.causedBy]).toEqual(Array(4).fill(undefined));
    }
    expect(await observer.grant(executionArn)).toBeUndefined();
  });
});

function attributed(workflow: string) {
  return {
    attribution: "gate",
    subject: { iss: embedded.runtime.urls.issuer, sub: "payments-app" },
    clientId: "payments-app",
    scopes: ["payout:start"],
    workflow,
  };
}

function arnOf(title: string): string {
  return arns.get(title) ?? "";
}

async function start(workflow: string, input: object): Promise<string> {
  const { status, body } = await embedded.caller.start(token, workflow, input);
  expect([status, body["detail"]]).toEqual([201, undefined]);
  return String(body["executionArn"]);
}

async function stopped(executionArn: string, by: Ending["stop"]): Promise<void> {
  if (by === undefined) return;
  await observer.untilEntry(executionArn, "execution.started");
  if (by === "sdk") {
    await embedded.sfn.send(new StopExecutionCommand({ executionArn, error: "Operator.Stopped" }));
    return;
  }
  await eventually("the stop to be accepted", async () => {
    const url = `${embedded.runtime.urls.api}/executions/${encodeURIComponent(executionArn)}/stop`;
    const answer = await fetch(url, { method: "POST", headers: { authorization: `Bearer ${token}` } });
    return answer.status === 202 ? true : undefined;
  });
}
