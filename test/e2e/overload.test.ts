import { setTimeout as delay } from "node:timers/promises";
import { ScanCommand } from "@aws-sdk/client-dynamodb";
import { DescribeExecutionCommand } from "@aws-sdk/client-sfn";
import type { ConfigInput } from "@countersign/core/config/config";
import { maxInputBytes, maxInputDepth } from "@countersign/core/gate/execution-input";
import { names } from "@countersign/local/runtime/provision";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sweepLater } from "../support/later-sweep.ts";
import { instead } from "../support/provider-proxy.ts";
import { signIn, withPeople } from "../support/signed-in-app.ts";
import { arnUnderKey, requestStart, type StartAnswer } from "../support/start-requests.ts";
import { startTroubled, type Troubled } from "../support/troubled-runtime.ts";

const perMinute = 10;
/** Workflows whose executions only wait, by what limits their starts. */
const limited = {
  "of-workflow": { startsPerMinute: perMinute },
  "of-client": { startsPerMinuteOfClient: perMinute },
  "of-subject": { startsPerMinuteOfSubject: perMinute },
  unlimited: {},
};
type Limited = keyof typeof limited;
const concurrent = 200;

let troubled: Troubled;
/** Tokens of two clients, and of two people through one further client. */
let tokens: Record<"payments" | "other" | "ada" | "grace", string>;

beforeAll(async () => {
  troubled = await startTroubled({ change: withWaiting });
  const { embedded, token } = troubled;
  tokens = {
    payments: token,
    other: await embedded.caller.token("other-app", "payout:start"),
    ada: (await signIn(embedded, "ada")).accessToken,
    grace: (await signIn(embedded, "grace")).accessToken,
  };
});
afterAll(() => troubled.close());

const start = (workflow: Limited, token = tokens.payments, change: object = {}) =>
  requestStart(troubled.embedded.runtime, { token, workflow, input: {}, ...change });

describe("a start rate", () => {
  /** Every answer of this minute, in turn by each of the callers. */
  const cases: readonly (readonly [Limited, (keyof typeof tokens)[], passing: number])[] = [
    ["of-workflow", ["payments", "other"], perMinute],
    ["of-client", ["ada", "grace"], perMinute],
    ["of-subject", ["ada", "grace"], 2 * perMinute],
  ];
  const sent = 30;
  let answers: Map<Limited, StartAnswer[]>;
  let exchanges: number;

  beforeAll(async () => {
    await secondsOfOneMinute(10);
    const before = troubled.proxy.statuses("token").length;
    const rounds = cases.map(async ([workflow, callers]) => {
      const starts = Array.from({ length: sent }, (_, index) =>
        start(workflow, tokens[callers[index % callers.length] ?? "payments"]),
      );
      return [workflow, await Promise.all(starts)] as const;
    });
    answers = new Map(await Promise.all(rounds));
    exchanges = troubled.proxy.statuses("token").length - before;
  });

  it.each(
    cases,
  )("%s lets exactly its starts pass in a minute, however many come at once", (workflow, _callers, passing) => {
    const all = answers.get(workflow) ?? [];
    expect(all.filter(({ status }) => status === 201)).toHaveLength(passing);
    const others = all.filter(({ status }) => status !== 201);
    expect(others).toHaveLength(sent - passing);
    for (const { status, code, retryAfterSeconds = 0 } of others) {
      expect([status, code]).toEqual([429, "policy.start_rate_exceeded"]);
      expect(retryAfterSeconds).toBeGreaterThan(0);
      expect(retryAfterSeconds).toBeLessThanOrEqual(60);
    }
  });

  it.each(
    cases,
  )("%s has each start it refuses on the record, and no state of any", async (workflow, _callers, passing) => {
    const entries = await troubled.observer.allEntries();
    const mine = entries.filter((entry) => entry.workflow === workflow);
    const denied = mine.filter(({ action }) => action === "execution.denied");
    expect(denied).toHaveLength(sent - passing);
    for (const { error, subject } of denied) {
      expect(error?.code).toBe("policy.start_rate_exceeded");
      expect(subject?.iss).toBe(troubled.embedded.runtime.urls.issuer);
    }
    expect(mine.filter(({ action }) => action === "execution.authorized")).toHaveLength(passing);
    const stated = (await stateKeys()).filter((key) => key.includes(`:execution:${workflow}:`));
    const started = (answers.get(workflow) ?? []).flatMap(({ executionArn }) => executionArn || []);
    for (const key of stated) expect(started.some((arn) => key.includes(arn))).toBe(true);
  });

  it("has no token issued for a start it refuses", () => {
    expect(exchanges).toBe(cases.reduce((sum, [, , passing]) => sum + passing, 0));
  });

  it("of one client, or one subject, is not another's", async () => {
    expect((await start("of-client")).status).toBe(201);
    expect((await start("of-subject")).status).toBe(201);
  });
});

describe("an input", () => {
  /** Of a payout by payments-app; the same for each, but for its grant's id. */
  let bytesOfTheGate: number;
  beforeAll(async () => {
    const { executionArn } = await start("unlimited", tokens.payments, { input: { pad: "" } });
    const { input = "" } = await troubled.embedded.sfn.send(new DescribeExecutionCommand({ executionArn }));
    bytesOfTheGate = Buffer.byteLength(input);
  });

  it("of 256 KB with what the gate adds passes whole, and one byte more is 413", async () => {
    const pad = "x".repeat(maxInputBytes - bytesOfTheGate);
    const most = await start("unlimited", tokens.payments, { input: { pad } });
    expect(most.status).toBe(201);
    const { input = "" } = await troubled.embedded.sfn.send(
      new DescribeExecutionCommand({ executionArn: most.executionArn }),
    );
    expect(Buffer.byteLength(input)).toBe(maxInputBytes);
    const more = await start("unlimited", tokens.payments, { input: { pad: `${pad}x` } });
    expect([more.status, more.code]).toEqual([413, "request.too_large"]);
  });

  it("is counted in bytes, not in characters", async () => {
    const pad = "é".repeat(maxInputBytes / 2);
    const answer = await start("unlimited", tokens.payments, { input: { pad } });
    expect([answer.status, answer.code]).toEqual([413, "request.too_large"]);
  });

  it("far over the limit is 413 as well", async () => {
    const pad = "x".repeat(4_000_000);
    const answer = await start("unlimited", tokens.payments, { input: { pad } });
    expect([answer.status, answer.code]).toEqual([413, "request.too_large"]);
  });

  it.each([
    ["lists", "[", "]"],
    ["objects", '{"a":', "}"],
  ])("nested in %s passes as deep as is allowed, and is refused one level deeper and at any depth", async (_kind, open, close) => {
    const nested = (depth: number) => {
      const core = open === "[" ? "" : "1";
      return `{"input":{"a":${open.repeat(depth)}${core}${close.repeat(depth)}}}`;
    };
    const allowed = await start("unlimited", tokens.payments, { input: nested(maxInputDepth - 2) });
    expect(allowed.status).toBe(201);
    for (const depth of [maxInputDepth + 1, 10_000, 100_000 / open.length]) {
      const refused = await start("unlimited", tokens.payments, { input: nested(depth) });
      expect([depth, refused.status, refused.code]).toEqual([depth, 400, "request.malformed"]);
    }
  });
});

describe("two hundred starts at once, for a part of which the provider is in trouble", () => {
  let answers: StartAnswer[];
  /** The execution of each, whatever was answered. */
  let arns: string[];

  beforeAll(async () => {
    const { embedded, observer, proxy } = troubled;
    const keys = Array.from({ length: concurrent }, (_, index) => `at-once-${index}`);
    arns = await Promise.all(keys.map((key) => arnUnderKey(observer, embedded.runtime, key, "unlimited")));
    const busy = instead(429, { "retry-after": "2" });
    proxy.next("token", ...Array.from({ length: 10 }, () => [busy, instead(503)]).flat());
    proxy.next("introspection", ...Array.from({ length: 10 }, () => instead(503)));
    const starts = keys.map((idempotencyKey) => start("unlimited", tokens.payments, { idempotencyKey }));
    answers = await Promise.all(starts);
    await embedded.runtime.idle();
  });

  const arnsOf = (isStarted: boolean) =>
    arns.filter((_, index) => (answers[index]?.status === 201) === isStarted);

  it("are each answered, those that were not started with a documented error", () => {
    const others = answers.filter(({ status }) => status !== 201);
    expect(others.length).toBeGreaterThanOrEqual(30);
    expect(others.length).toBeLessThan(concurrent);
    for (const { status, code } of others) {
      expect([429, 503]).toContain(status);
      expect(["provider.unavailable", "store.unavailable", "store.throttled"]).toContain(code);
    }
  });

  it("have an execution, an entry and an active grant for each 201", async () => {
    for (const arn of arnsOf(true)) {
      const { status } = await troubled.embedded.sfn.send(
        new DescribeExecutionCommand({ executionArn: arn }),
      );
      expect(status).toBe("RUNNING");
      const actions = (await troubled.observer.entries(arn)).map(({ action }) => action);
      expect(actions.toSorted()).toEqual(["execution.authorized", "execution.started"]);
      expect((await troubled.observer.grant(arn))?.state).toBe("active");
      expect(await isActive(arn)).toBe(true);
    }
  });

  it("leave no live grant behind any other answer once swept", async () => {
    expect(await sweepLater(troubled.embedded)).toMatchObject({ failed: 0 });
    await troubled.embedded.runtime.idle();
    for (const arn of arnsOf(false)) {
      const grant = await troubled.observer.grant(arn);
      expect([undefined, "closed", "revoked"]).toContain(grant?.state);
      if (grant?.fingerprint !== undefined) expect(await isActive(arn)).toBe(false);
    }
  });

  it("can each be repeated, and are then started or found", async () => {
    const again = await Promise.all(
      arns.map((_, index) => start("unlimited", tokens.payments, { idempotencyKey: `at-once-${index}` })),
    );
    const faults = troubled.embedded.logs.filter((line) => line.includes("store.unavailable"));
    expect(
      again.filter(({ status }) => status > 201),
      faults.slice(-1).join(),
    ).toEqual([]);
    expect(again.map(({ executionArn }) => executionArn)).toEqual(arns);
    expect(again.map(({ status }) => status)).toEqual(
      answers.map(({ status }) => (status === 201 ? 200 : 201)),
    );
  });

  async function isActive(arn: string): Promise<boolean> {
    const token = await troubled.observer.grantToken(arn);
    return (await troubled.observer.introspect(token))["active"] === true;
  }
});

function withWaiting(config: ConfigInput): ConfigInput {
  const definition = "test/bench/parked.asl.json";
  const people = withPeople(config);
  const workflows = Object.entries(limited).map(([name, limits]) => [
    name,
    { stateMachine: name, start: { scopes: ["payout:start"] }, limits },
  ]);
  const machines = Object.keys(limited).map((name) => [name, { definition }]);
  return {
    ...people,
    workflows: Object.fromEntries(workflows),
    local: { ...people.local, stateMachines: Object.fromEntries(machines) },
  };
}

/** Waits for the next minute if this one has less left. */
async function secondsOfOneMinute(seconds: number): Promise<void> {
  const left = 60_000 - (Date.now() % 60_000);
  if (left < seconds * 1000) await delay(left + 50);
}

/** The keys of every item that tells of an execution. */
async function stateKeys(): Promise<string[]> {
  const { Items = [] } = await troubled.embedded.dynamodb.send(new ScanCommand({ TableName: names.state }));
  return Items.map(({ pk }) => pk?.S ?? "");
}
