import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { DescribeExecutionCommand, ExecutionDoesNotExist } from "@aws-sdk/client-sfn";
import { PurgeQueueCommand } from "@aws-sdk/client-sqs";
import type { Entry } from "@countersign/core/entry/entry";
import { clientOf } from "@countersign/local/runtime/provision";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { sweepLater } from "../support/later-sweep.ts";
import { instead, lostAnswer, silence, type Trouble, withoutRevocation } from "../support/provider-proxy.ts";
import { arnUnderKey, requestStart, type StartAnswer } from "../support/start-requests.ts";
import { startTroubled, type Troubled } from "../support/troubled-runtime.ts";

/** Over the limit, so that it fails as soon as it charges. */
const tooMuch = { amount: 2_000_000 };
/** Tries that the revoker gives one message. */
const tries = 20;
const down = instead(503);

let troubled: Troubled;
beforeAll(async () => {
  troubled = await startTroubled();
});
afterEach(() => troubled.proxy.heal("revocation"));
afterAll(() => troubled.close());

const start = (idempotencyKey?: string, input: object = { amount: 5 }) => {
  const { embedded, token } = troubled;
  return requestStart(embedded.runtime, {
    token,
    input,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
};
/** Starts an execution that fails, and waits until that is on the record. */
async function startFailing(): Promise<string> {
  const { status, executionArn } = await start(undefined, tooMuch);
  expect(status).toBe(201);
  await troubled.observer.untilEntry(executionArn, "execution.failed");
  return executionArn;
}

describe("an exchange whose outcome is not known", () => {
  const keys = ["silent", "lost", "fault"] as const;
  /** What the provider issued to the request whose answer was lost. */
  let issued = "";
  let answers: StartAnswer[];
  let arns: string[];

  beforeAll(async () => {
    const { proxy, observer } = troubled;
    const keepIssued: Trouble = (act) =>
      lostAnswer(async () => {
        const answer = await act();
        issued = String(JSON.parse(answer.body).access_token);
        return answer;
      });
    arns = await Promise.all(keys.map((key) => arnUnderKey(observer, troubled.embedded.runtime, key)));
    proxy.next("token", silence);
    const silent = start("silent");
    await eventually("the first exchange", async () => proxy.waiting("token") === 0 || undefined);
    proxy.next("token", keepIssued);
    const lost = start("lost");
    await eventually("the second exchange", async () => proxy.waiting("token") === 0 || undefined);
    proxy.next("token", instead(503, { "retry-after": "3" }));
    answers = [...(await Promise.all([silent, lost])), await start("fault")];
  });

  it("answers 503, with the provider's own Retry-After, starts nothing, and leaves its intent", async () => {
    expect(answers.map(({ status, code }) => [status, code])).toEqual(
      keys.map(() => [503, "provider.unavailable"]),
    );
    expect(answers[2]?.retryAfterSeconds).toBe(3);
    for (const arn of arns) {
      expect(await wasStarted(arn)).toBe(false);
      expect((await troubled.observer.grant(arn))?.state).toBe("authorizing");
      expect(await actionsOf(arn)).toEqual([]);
    }
  });

  it("is not tried again under its key before it is resolved", async () => {
    const again = await start("lost");
    expect([again.status, again.code]).toEqual([409, "execution.start_unresolved"]);
    expect(again.retryAfterSeconds).toBeGreaterThan(0);
  });

  it("is abandoned by a sweep once nothing can come of it, with what may live on recorded", async () => {
    expect(await troubled.observer.introspect(issued)).toMatchObject({ active: true });
    expect(await sweepLater(troubled.embedded)).toMatchObject({ abandoned: 3, failed: 0 });
    for (const arn of arns) {
      await troubled.observer.untilGrant(arn, "closed");
      expect(await actionsOf(arn)).toEqual([
        "execution.abandoned",
        "token.exposure_recorded",
        "token.revocation_requested",
      ]);
      const entries = await entriesOf(arn);
      const exposure = entries.find(({ action }) => action === "token.exposure_recorded");
      expect(exposure).toMatchObject({ outcome: "failure", detail: { reason: "no_seal" } });
    }
    expect(await sweepLater(troubled.embedded)).toMatchObject({ abandoned: 0, hinted: 0, failed: 0 });
  });

  it("gives its key free for a start that then succeeds", async () => {
    const again = await start("lost");
    expect([again.status, again.executionArn]).toEqual([201, arns[1]]);
    await troubled.observer.untilEntry(again.executionArn, "execution.succeeded");
  });
});

describe("a provider that has too much to do", () => {
  it("has its Retry-After passed on, nothing kept, and the same request succeed later", async () => {
    const arn = await arnUnderKey(troubled.observer, troubled.embedded.runtime, "busy");
    troubled.proxy.next("token", instead(429, { "retry-after": "7" }));
    const refused = await start("busy");
    expect(refused).toMatchObject({ status: 503, code: "provider.unavailable", retryAfterSeconds: 7 });
    expect(await wasStarted(arn)).toBe(false);
    expect(await troubled.observer.grant(arn)).toBeUndefined();
    expect(await start("busy")).toMatchObject({ status: 201, executionArn: arn });
  });
});

describe("a revocation", () => {
  it("that is refused for a while is carried out and verified once the provider is back", async () => {
    const { proxy, observer } = troubled;
    proxy.next("revocation", down, instead(429, { "retry-after": "1" }));
    const before = proxy.statuses("revocation").length;
    const arn = await startFailing();
    await observer.untilGrant(arn, "revoked");
    expect(proxy.statuses("revocation").slice(before)).toEqual([503, 429, 200]);
    expect(await actionsOf(arn)).toEqual(revoked);
    expect(await isActive(arn)).toBe(false);
  });

  it("that fails through its whole budget is given up on the record, and redriven by the API", async () => {
    const { proxy, observer, embedded } = troubled;
    proxy.always("revocation", down);
    const arn = await startFailing();
    const messageId = crypto.randomUUID();
    await observer.untilGrant(arn, "revoking");
    await exhaust(arn, messageId);
    const gaveUp = await observer.untilEntry(arn, "token.revocation_gave_up");
    const grant = await observer.grant(arn);
    expect(gaveUp).toMatchObject({
      outcome: "failure",
      detail: { reason: "provider.unavailable", grantId: grant?.grantId, exposedUntil: grant?.expiresAt },
    });
    expect(grant?.state).toBe("revoking");
    expect(await isActive(arn)).toBe(true);

    const { deadLetters } = await operations("GET", "?limit=100");
    expect(deadLetters).toMatchObject([
      { id: messageId, queue: "revocations", code: "provider.unavailable", receiveCount: tries },
    ]);
    // What the queue itself would still bring, so that nothing but the redrive can mend it.
    await embedded.sqs.send(new PurgeQueueCommand({ QueueUrl: embedded.runtime.queueUrls.revocations }));
    proxy.heal("revocation");
    expect((await observer.grant(arn))?.state).toBe("revoking");
    expect(await operations("POST", "/redrive", { ids: [messageId] })).toEqual({
      redriven: [messageId],
      kept: [],
    });
    await observer.untilGrant(arn, "revoked");
    expect(await isActive(arn)).toBe(false);
    expect(await operations("GET", "?limit=100")).toEqual({ deadLetters: [] });
  });

  it("answered with 204 is as good as one answered with 200", async () => {
    troubled.proxy.next("revocation", async (act) => {
      const { status } = await act();
      return status === 200 ? { status: 204, headers: {}, body: "" } : undefined;
    });
    const arn = await startFailing();
    await troubled.observer.untilGrant(arn, "revoked");
    expect(troubled.proxy.statuses("revocation").at(-1)).toBe(204);
    expect(await actionsOf(arn)).toEqual(revoked);
  });

  it("of a kind of token the provider does not revoke is recorded as an exposure until the token expires", async () => {
    const headers = { "content-type": "application/json" };
    troubled.proxy.next("revocation", instead(400, headers, '{"error":"unsupported_token_type"}'));
    const arn = await startFailing();
    await expectExposed(troubled, arn);
  });
});

describe("a client secret that changes", () => {
  it("fails no start and no revocation, neither while both work nor once the old one is refused", async () => {
    const { embedded, proxy, observer } = troubled;
    const { authorizationServer } = embedded.runtime;
    const [old] = await authorizationServer.listClientSecrets("countersign");
    const { secret } = await authorizationServer.addClientSecret("countersign");
    expect((await start()).status).toBe(201);
    await troubled.putClientSecret(secret);
    expect((await start()).status).toBe(201);
    await authorizationServer.retireClientSecret("countersign", old?.secretId ?? "");

    const seen = proxy.statuses("token").length;
    const answers = await Promise.all(Array.from({ length: 10 }, () => start(undefined, tooMuch)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(proxy.statuses("token").slice(seen)).toContain(401);
    for (const { executionArn } of answers) {
      await observer.untilGrant(executionArn, "revoked");
      expect(await actionsOf(executionArn)).toEqual(revoked);
    }
  });
});

describe("a provider without a revocation endpoint", () => {
  it("has each token that can't be revoked recorded as an exposure until it expires", async () => {
    const other = await startTroubled({ metadata: withoutRevocation });
    try {
      const { embedded, observer, token, proxy } = other;
      const { executionArn } = await requestStart(embedded.runtime, { token, input: tooMuch });
      await observer.untilEntry(executionArn, "token.exposure_recorded");
      await expectExposed(other, executionArn);
      expect(proxy.statuses("revocation")).toEqual([]);
    } finally {
      await other.close();
    }
  });
});

const revoked = [
  "execution.authorized",
  "execution.failed",
  "execution.started",
  "token.revocation_accepted",
  "token.revocation_requested",
  "token.revoked",
];

async function expectExposed({ observer }: Troubled, arn: string): Promise<void> {
  const { expiresAt } = await observer.untilGrant(arn, "closed");
  expect(expiresAt).toBeGreaterThan(Date.now());
  expect(await observer.untilEntry(arn, "token.exposure_recorded")).toMatchObject({
    outcome: "failure",
    expiresAt,
    detail: { reason: "revocation_unsupported", exposedUntil: expiresAt },
  });
  const actions = (await observer.entries(arn)).map(({ action }) => action);
  expect(actions).not.toContain("token.revoked");
  expect(actions).not.toContain("token.revocation_accepted");
  // Nothing more is to be done with the token, so nothing of it is kept.
  await eventually(`the seal of ${arn} to be gone`, async () =>
    observer.grantToken(arn).then(
      () => undefined,
      ({ message }: Error) => message.includes("has no seal") || undefined,
    ),
  );
}

/** Brings the revoker one message as often as it takes it, as the queue would within hours. */
async function exhaust(executionArn: string, messageId: string): Promise<void> {
  const { embedded, observer } = troubled;
  const lambda = new LambdaClient(clientOf(embedded.runtime.urls.aws));
  const body = JSON.stringify({ executionArn, grantId: (await observer.grant(executionArn))?.grantId });
  try {
    for (let receives = 1; receives <= tries; receives += 1) {
      const attributes = { ApproximateReceiveCount: String(receives) };
      const Records = [{ messageId, receiptHandle: messageId, body, attributes }];
      const Payload = Buffer.from(JSON.stringify({ Records }));
      const result = await lambda.send(new InvokeCommand({ FunctionName: "revoker", Payload }));
      const left = receives < tries ? [{ itemIdentifier: messageId }] : [];
      expect(JSON.parse(result.Payload?.transformToString() ?? "")).toEqual({ batchItemFailures: left });
    }
  } finally {
    lambda.destroy();
  }
}

async function operations(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const { embedded } = troubled;
  const operator = await embedded.caller.token("operator", "operations:write");
  const response = await fetch(`${embedded.runtime.urls.api}/operations/dead-letters${path}`, {
    method,
    headers: { authorization: `Bearer ${operator}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

/** Entries of an execution, those of a sweep ahead of time among them. */
async function entriesOf(executionArn: string): Promise<readonly Entry[]> {
  const window = { from: Date.now() - 3_600_000, to: Date.now() + 3_600_000, limit: 100 };
  return (await troubled.embedded.ledger.query({ by: "execution", executionArn }, window)).entries;
}

async function actionsOf(executionArn: string): Promise<string[]> {
  return (await entriesOf(executionArn)).map(({ action }) => action).toSorted();
}

async function isActive(executionArn: string): Promise<boolean> {
  const { observer } = troubled;
  return (await observer.introspect(await observer.grantToken(executionArn)))["active"] === true;
}

async function wasStarted(executionArn: string): Promise<boolean> {
  try {
    await troubled.embedded.sfn.send(new DescribeExecutionCommand({ executionArn }));
    return true;
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return false;
    throw error;
  }
}
