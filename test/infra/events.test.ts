import { compileEventPattern } from "@countersign/local/event-bridge/pattern/event-pattern";
import { describe, expect, test } from "vitest";
import { allows, isDenied } from "./decide.ts";
import { StageUnderTest, statementsOf } from "./stage.ts";
import { account, arn } from "./synth/place.ts";

const prod = StageUnderTest.named("prod");
const many = StageUnderTest.named("many");

function statusEvent(machine: string, status: string, change: Record<string, unknown> = {}) {
  const stateMachineArn = arn("states", `stateMachine:${machine}`);
  return {
    version: "0",
    id: "315c1398-40ff-a850-213b-158f73e60175",
    "detail-type": "Step Functions Execution Status Change",
    source: "aws.states",
    account,
    time: "2026-02-26T19:42:21Z",
    region: "eu-west-1",
    resources: [arn("states", `execution:${machine}:one`)],
    detail: {
      executionArn: arn("states", `execution:${machine}:one`),
      stateMachineArn,
      name: "one",
      status,
      startDate: 1551225271984,
      stopDate: null,
      input: "{}",
      redriveCount: 0,
    },
    ...change,
  };
}

function isTaken(stage: StageUnderTest, event: ReturnType<typeof statusEvent>): boolean {
  return stage
    .all("aws:cloudwatch/eventRule:EventRule")
    .some(({ inputs }) => compileEventPattern(String(inputs["eventPattern"])).matches(event as never));
}

describe("the rules take", () => {
  test.each(["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"])("%s", (status) => {
    expect(isTaken(prod, statusEvent("payout", status))).toBe(true);
  });

  test("what happens to a distributed Map's children", () => {
    expect(isTaken(prod, statusEvent("payout/Each", "FAILED"))).toBe(true);
  });

  test("each of many workflows, in patterns that EventBridge takes", () => {
    for (const index of [0, 30, 58]) {
      expect(isTaken(many, statusEvent(`workflow-with-quite-a-long-name-number-${index}`, "FAILED"))).toBe(
        true,
      );
    }
    const patterns = many
      .all("aws:cloudwatch/eventRule:EventRule")
      .map(({ inputs }) => String(inputs["eventPattern"]));
    expect(patterns.length).toBeGreaterThan(1);
    for (const pattern of patterns) expect(pattern.length).toBeLessThanOrEqual(2048);
  });

  test("a workflow that is registered in one version, whichever version an execution runs", () => {
    expect(isTaken(many, statusEvent("payments", "FAILED"))).toBe(true);
  });
});

describe("the rules leave", () => {
  const taken = statusEvent("payout", "FAILED");
  test.each([
    ["another state machine", statusEvent("other", "FAILED")],
    ["one whose name begins the same", statusEvent("payouts", "FAILED")],
    ["one whose name is the beginning", statusEvent("pay", "FAILED")],
    ["the Map's children of another", statusEvent("payouts/Each", "FAILED")],
    [
      "the same name in another account",
      { ...taken, detail: { ...taken.detail, stateMachineArn: otherAccount } },
    ],
    ["what an application puts onto the bus itself", { ...taken, source: "my.states" }],
    ["other news of Step Functions", { ...taken, "detail-type": "Step Functions Map Run Status Change" }],
  ])("%s", (_, event) => {
    expect(isTaken(prod, event)).toBe(false);
  });
});

const otherAccount = "arn:aws:states:eu-west-1:210987654321:stateMachine:payout";

describe("on its way an event", () => {
  test("comes from the default bus, where AWS puts it, and is tried for a day", () => {
    for (const { inputs } of prod.all("aws:cloudwatch/eventRule:EventRule")) {
      expect(inputs["eventBusName"] ?? "default").toBe("default");
      expect(inputs["state"] ?? "ENABLED").toBe("ENABLED");
    }
    const rules = many.all("aws:cloudwatch/eventRule:EventRule");
    const targets = many.all("aws:cloudwatch/eventTarget:EventTarget");
    expect(targets.map(({ inputs }) => inputs["rule"])).toEqual(rules.map(({ inputs }) => inputs["name"]));
    for (const { inputs } of targets) {
      expect(inputs).toMatchObject({
        arn: queueArn(many, "StatusEvents"),
        deadLetterConfig: { arn: queueArn(many, "UndeliveredEvents") },
        retryPolicy: { maximumEventAgeInSeconds: 86_400, maximumRetryAttempts: 185 },
      });
    }
  });

  test("is not sent before its queue and key admit it", () => {
    for (const { dependsOn } of prod.all("aws:cloudwatch/eventTarget:EventTarget")) {
      expect(dependsOn).toEqual(
        expect.arrayContaining(["StatusEventsPolicy", "UndeliveredEventsPolicy", "MessagesKey"]),
      );
    }
  });

  test.each([
    "StatusEvents",
    "UndeliveredEvents",
  ])("may be put into %s by this stage's rules alone", (queue) => {
    const send = (service: string, source: string) =>
      allows(queuePolicy(queue), {
        action: "sqs:SendMessage",
        resource: queueArn(prod, queue),
        principal: { service },
        context: { "aws:SourceArn": source },
      });
    const rule = arn("events", "rule/countersign-prod-status-1");
    expect(send("events.amazonaws.com", rule)).toBe(true);
    expect(send("events.amazonaws.com", arn("events", "rule/another"))).toBe(false);
    expect(send("sns.amazonaws.com", rule)).toBe(false);
  });

  test("reaches its function in batches that fail one by one", () => {
    const mappings = prod.all("aws:lambda/eventSourceMapping:EventSourceMapping");
    const pairs = mappings.map(({ inputs }) => [inputs["eventSourceArn"], inputs["functionName"]]);
    expect(pairs).toHaveLength(2);
    expect(pairs).toContainEqual([
      queueArn(prod, "StatusEvents"),
      arn("lambda", "function:countersign-prod-recorder"),
    ]);
    expect(pairs).toContainEqual([
      queueArn(prod, "Revocations"),
      arn("lambda", "function:countersign-prod-revoker"),
    ]);
    for (const { inputs } of mappings) {
      expect(inputs).toMatchObject({
        functionResponseTypes: ["ReportBatchItemFailures"],
        scalingConfig: { maximumConcurrency: 10 },
      });
    }
  });
});

describe("every queue", () => {
  test("is encrypted with the key of messages and keeps what it holds for days", () => {
    const queues = prod.all("aws:sqs/queue:Queue");
    expect(queues).toHaveLength(4);
    for (const { name, inputs } of queues) {
      expect(inputs["kmsMasterKeyId"], name).toBe(arn("kms", "key/MessagesKey"));
      expect(inputs["messageRetentionSeconds"]).toBe(
        name.startsWith("Undelivered") ? 4 * 86_400 : 14 * 86_400,
      );
    }
  });

  test("moves no message away by itself, for a body may hold what must not be kept", () => {
    for (const { inputs } of prod.all("aws:sqs/queue:Queue")) expect(inputs["redrivePolicy"]).toBeUndefined();
  });

  test("hides a message for six times as long as its function may take", () => {
    for (const [queue, name] of [
      ["StatusEvents", "recorder"],
      ["Revocations", "revoker"],
    ] as const) {
      const { inputs } = prod.one("aws:sqs/queue:Queue", `${queue}Queue`);
      const timeout = Number(prod.functionNamed(name)["timeout"]);
      expect(inputs["visibilityTimeoutSeconds"]).toBeGreaterThanOrEqual(6 * timeout);
    }
  });

  test.each([
    "StatusEvents",
    "Revocations",
    "DeadLetters",
    "UndeliveredEvents",
  ])("speaks TLS only: %s", (queue) => {
    const request = {
      action: "sqs:ReceiveMessage",
      resource: queueArn(prod, queue),
      principal: { role: "any" },
    };
    expect(isDenied(queuePolicy(queue), { ...request, context: { "aws:SecureTransport": "false" } })).toBe(
      true,
    );
    expect(isDenied(queuePolicy(queue), { ...request, context: { "aws:SecureTransport": "true" } })).toBe(
      false,
    );
  });
});

describe.each([
  ["sweeper", "Sweep", "rate(1 minute)", 60],
  ["reconciler", "Reconcile", "rate(15 minutes)", 900],
])("the %s", (name, schedule, scheduleExpression, everySeconds) => {
  test("is called by the clock, and a call that can't be made is seen", () => {
    const { inputs } = prod.one("aws:scheduler/schedule:Schedule", `${schedule}Schedule`);
    expect(inputs).toMatchObject({
      scheduleExpression,
      state: "ENABLED",
      target: {
        arn: arn("lambda", `function:countersign-prod-${name}`),
        roleArn: arn("iam", `role/countersign-prod-eu-west-1-${schedule.toLowerCase()}-schedule`, {
          region: "",
          account,
        }),
        retryPolicy: { maximumEventAgeInSeconds: 60, maximumRetryAttempts: 2 },
        deadLetterConfig: { arn: queueArn(prod, "UndeliveredEvents") },
      },
    });
  });

  test("does not make up for runs that were missed", () => {
    const type = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig";
    const { inputs } = prod.one(type, `${schedule}Invocations`);
    expect(inputs).toMatchObject({ maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 });
  });

  test("ends before the next run", () => {
    expect(prod.functionNamed(name)["timeout"]).toBeLessThan(everySeconds);
  });
});

function queueArn(stage: StageUnderTest, name: string): string {
  return arn("sqs", String(stage.one("aws:sqs/queue:Queue", `${name}Queue`).inputs["name"]));
}

function queuePolicy(name: string) {
  return statementsOf(prod.one("aws:sqs/queuePolicy:QueuePolicy", `${name}Policy`).inputs["policy"]);
}
