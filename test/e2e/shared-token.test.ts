import { ListExecutionsCommand, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Embedded, startEmbedded } from "../support/embedded.ts";
import { eventually } from "../support/eventually.ts";
import { Observer } from "../support/observer.ts";
import { exchangeAgain, type SignedInApp, signIn, withPeople } from "../support/signed-in-app.ts";
import { arnUnderKey, machineOf, requestStart, type StartRequest } from "../support/start-requests.ts";

const executions = 100;
const failing = 37;
/** Over the limit, so that it fails as soon as it charges. */
const tooMuch = 2_000_000;

let embedded: Embedded;
let observer: Observer;
/** One token for everything that this file starts as payments-app. */
let token: string;

beforeAll(async () => {
  embedded = await startEmbedded({ change: withPeople });
  observer = new Observer(embedded.runtime.urls);
  token = await embedded.caller.token("payments-app", "payout:start");
});
afterAll(async () => {
  observer.close();
  await embedded.close();
});

const start = (request: Partial<StartRequest> = {}) => requestStart(embedded.runtime, { token, ...request });

describe("a hundred executions on one inbound token", () => {
  let arns: string[];
  let failed: string;
  let others: string[];
  /** Each execution's grant token, out of its seal. */
  let grantTokens: Map<string, string>;

  beforeAll(async () => {
    const requests = Array.from({ length: executions }, (_, index) =>
      index === failing ? { amount: tooMuch } : { amount: 100, settleAfterSeconds: 3 },
    );
    const answers = await Promise.all(requests.map((input) => start({ input })));
    expect(answers.filter(({ status }) => status !== 201)).toEqual([]);
    arns = answers.map(({ executionArn }) => executionArn);
    failed = arns[failing] ?? "";
    others = arns.filter((arn) => arn !== failed);
    const sealed = arns.map(async (arn) => [arn, await observer.grantToken(arn)] as const);
    grantTokens = new Map(await Promise.all(sealed));
    await observer.untilGrant(failed, "revoked");
  });

  const isActive = async (arn: string) =>
    (await observer.introspect(grantTokens.get(arn) ?? ""))["active"] === true;

  it("have a grant token each", () => {
    expect(new Set(arns).size).toBe(executions);
    expect(new Set(grantTokens.values()).size).toBe(executions);
  });

  it("lose the one grant of the one that failed, at the provider and on the record", async () => {
    expect(await isActive(failed)).toBe(false);
    const entries = await observer.entries(failed);
    expect(entries.map(({ action }) => action).toSorted()).toEqual([
      "execution.authorized",
      "execution.failed",
      "execution.started",
      "token.revocation_accepted",
      "token.revocation_requested",
      "token.revoked",
    ]);
  });

  it("keep the other ninety-nine grants, whose executions go on to success", async () => {
    expect((await Promise.all(others.map(isActive))).filter(Boolean)).toHaveLength(executions - 1);
    await untilNoneRuns();
    await embedded.runtime.idle();
    for (const arn of others) {
      const entries = await observer.entries(arn);
      expect(entries.map(({ action }) => action).toSorted()).toEqual([
        "execution.authorized",
        "execution.started",
        "execution.succeeded",
      ]);
    }
    expect((await Promise.all(others.map(isActive))).filter(Boolean)).toHaveLength(executions - 1);
  });

  it("leave the inbound token as good for a start as it was", async () => {
    const { status, executionArn } = await start();
    expect(status).toBe(201);
    expect((await observer.untilEntry(executionArn, "execution.succeeded")).outcome).toBe("success");
  });
});

describe("one Idempotency-Key", () => {
  it("repeated ten times at once gives one execution", async () => {
    const key = "ten-at-once";
    const before = await executionCount();
    const answers = await Promise.all(Array.from({ length: 10 }, () => start({ idempotencyKey: key })));
    for (const { status, code } of answers) {
      if (status === 409) expect(code).toBe("execution.start_unresolved");
      else expect([200, 201]).toContain(status);
    }
    const again = await start({ idempotencyKey: key });
    expect(again.status).toBe(200);
    const arns = answers.flatMap(({ executionArn }) => executionArn || []);
    expect(new Set([...arns, again.executionArn]).size).toBe(1);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect((await executionCount()) - before).toBe(1);
    const authorized = (await observer.entries(again.executionArn)).filter(
      ({ action }) => action === "execution.authorized",
    );
    expect(authorized).toHaveLength(1);
  });

  it("is another execution for each subject", async () => {
    const other = await embedded.caller.token("other-app", "payout:start");
    const [mine, theirs] = await Promise.all([
      start({ idempotencyKey: "shared" }),
      start({ idempotencyKey: "shared", token: other }),
    ]);
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    expect(mine.executionArn).not.toBe(theirs.executionArn);
    expect((await observer.grant(theirs.executionArn))?.subject.sub).toBe("other-app");
    expect((await observer.grant(mine.executionArn))?.subject.sub).toBe("payments-app");
  });

  it("gives the same execution also after that has closed, and another body a conflict", async () => {
    const first = await start({ idempotencyKey: "closed", input: { amount: 7 } });
    await observer.untilEntry(first.executionArn, "execution.succeeded");
    const second = await start({ idempotencyKey: "closed", input: { amount: 7 } });
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.executionArn).toBe(first.executionArn);
    const other = await start({ idempotencyKey: "closed", input: { amount: 8 } });
    expect([other.status, other.code]).toEqual([409, "execution.conflict"]);
  });
});

describe("an execution started around the gate under a name that a request will have", () => {
  it.each([
    ["at once", false],
    ["after it was recorded", true],
  ])("is refused %s, reported, and nobody's", async (when, recordedFirst) => {
    const idempotencyKey = `taken-${when.replaceAll(" ", "-")}`;
    const taken = await preStart(idempotencyKey);
    if (recordedFirst) await observer.untilEntry(taken, "execution.succeeded");
    const answer = await start({ idempotencyKey });
    expect([answer.status, answer.code]).toEqual([409, "execution.name_taken"]);

    const finding = await observer.untilEntry(taken, "finding.raised");
    expect(finding).toMatchObject({
      outcome: "failure",
      subject: { iss: embedded.runtime.urls.issuer, sub: "payments-app" },
      detail: { finding: "execution.name_taken" },
    });
    await embedded.runtime.idle();
    const recorded = (await observer.entries(taken)).filter(({ action }) =>
      ["execution.started", "execution.succeeded", "execution.failed"].includes(action),
    );
    expect(recorded.length).toBeGreaterThan(0);
    for (const { attribution, subject } of recorded)
      expect([attribution, subject]).toEqual(["none", undefined]);
    expect((await observer.grant(taken))?.state).not.toBe("active");
  });
});

describe("a refresh family whose access token started two executions, of which one fails", () => {
  let app: SignedInApp;
  let arns: { failing: string; other: string };
  /** The grant token of each, and one that was exchanged from it. */
  let families: { failing: string[]; other: string[] };

  beforeAll(async () => {
    app = await signIn(embedded, "ada");
    const input = { amount: tooMuch, settleAfterSeconds: 2 };
    const [failing, other] = await Promise.all([
      start({ token: app.accessToken, input }),
      start({ token: app.accessToken, input: { amount: 5, settleAfterSeconds: 60 } }),
    ]);
    expect([failing.status, other.status]).toEqual([201, 201]);
    arns = { failing: failing.executionArn, other: other.executionArn };
    families = { failing: await familyOf(arns.failing), other: await familyOf(arns.other) };
    expect(await activeOf(families.failing)).toEqual([true, true]);
    await observer.untilGrant(arns.failing, "revoked");
  });

  it("lost the failed execution's grant token, and what was exchanged from it", async () => {
    expect(await activeOf(families.failing)).toEqual([false, false]);
  });

  it("kept the other execution's", async () => {
    expect(await activeOf(families.other)).toEqual([true, true]);
    expect((await observer.grant(arns.other))?.state).toBe("active");
  });

  it("kept the caller's own access token and refresh token, of which each still starts", async () => {
    const refreshed = await app.refresh();
    for (const accessToken of [app.accessToken, refreshed]) {
      const { status, executionArn } = await start({ token: accessToken });
      expect(status).toBe(201);
      expect((await observer.grant(executionArn))?.subject.sub).toBe("ada");
    }
  });

  /** A grant token, and its sibling: one that Countersign's client has got for it. */
  async function familyOf(executionArn: string): Promise<string[]> {
    const grantToken = await observer.grantToken(executionArn);
    return [grantToken, await exchangeAgain(embedded, observer, grantToken)];
  }

  async function activeOf(tokens: readonly string[]): Promise<boolean[]> {
    const seen = await Promise.all(tokens.map((one) => observer.introspect(one)));
    return seen.map(({ active }) => active === true);
  }
});

/** Starts the execution that a request of payments-app under this key would have. */
async function preStart(idempotencyKey: string): Promise<string> {
  const arn = await arnUnderKey(observer, embedded.runtime, idempotencyKey);
  const name = arn.split(":").at(-1);
  const input = JSON.stringify({ amount: 5 });
  await embedded.sfn.send(new StartExecutionCommand({ stateMachineArn: machineOf("payout"), name, input }));
  return arn;
}

async function executionCount(): Promise<number> {
  const { executions: all = [] } = await embedded.sfn.send(
    new ListExecutionsCommand({ stateMachineArn: machineOf("payout"), maxResults: 1000 }),
  );
  return all.length;
}

function untilNoneRuns(): Promise<true> {
  return eventually("every execution to end", async () => {
    const { executions: running = [] } = await embedded.sfn.send(
      new ListExecutionsCommand({ stateMachineArn: machineOf("payout"), statusFilter: "RUNNING" }),
    );
    return running.length === 0 || undefined;
  });
}
