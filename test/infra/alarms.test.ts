import { describe, expect, test } from "vitest";
import { allows } from "./decide.ts";
import { StageUnderTest, statementsOf } from "./stage.ts";
import type { Inputs } from "./synth/attributes.ts";
import { account, arn } from "./synth/place.ts";

const prod = StageUnderTest.named("prod");

const alarms = () => prod.all("aws:cloudwatch/metricAlarm:MetricAlarm").map(({ inputs }) => inputs);
const alarmOn = (metric: string, dimensions: Record<string, unknown>): Inputs | undefined =>
  alarms().find((alarm) => alarm["metricName"] === metric && isSame(alarm["dimensions"], dimensions));
const topicArn = () => arn("sns", String(prod.one("aws:sns/topic:Topic", "AlarmsTopic").inputs["name"]));

describe("there is an alarm", () => {
  test.each(["StatusEvents", "Revocations"])("on the age of the oldest message in %s", (queue) => {
    expect(alarmOn("ApproximateAgeOfOldestMessage", { QueueName: nameOf(queue) })).toMatchObject({
      threshold: 300,
      comparisonOperator: "GreaterThanThreshold",
      statistic: "Maximum",
    });
  });

  test.each(["DeadLetters", "UndeliveredEvents"])("on anything in %s", (queue) => {
    expect(alarmOn("ApproximateNumberOfMessagesVisible", { QueueName: nameOf(queue) })).toMatchObject({
      threshold: 0,
      comparisonOperator: "GreaterThanThreshold",
    });
  });

  test("on errors and throttles of every function", () => {
    for (const { name } of [...prod.functions.values()] as { name: string }[]) {
      for (const metric of ["Errors", "Throttles"]) {
        expect(alarmOn(metric, { FunctionName: name }), `${name} ${metric}`).toMatchObject({ threshold: 0 });
      }
    }
  });

  test("on events that a rule could not deliver, or has lost", () => {
    for (const { inputs } of prod.all("aws:cloudwatch/eventRule:EventRule")) {
      const RuleName = inputs["name"];
      expect(alarmOn("FailedInvocations", { RuleName })).toMatchObject({ threshold: 0 });
      expect(alarmOn("InvocationsFailedToBeSentToDlq", { RuleName })).toMatchObject({ threshold: 0 });
    }
  });

  test("on tables that throttle, and on an API that fails", () => {
    for (const { inputs } of prod.all("aws:dynamodb/table:Table")) {
      for (const metric of ["ReadThrottleEvents", "WriteThrottleEvents"]) {
        expect(alarmOn(metric, { TableName: inputs["name"] }), metric).toBeDefined();
      }
    }
    expect(alarms().filter((alarm) => alarm["metricName"] === "5xx")).toHaveLength(1);
  });

  test.each([
    ["sweeper", 5],
    ["reconciler", 45],
  ])("on runs of the %s that do not happen, measured or not", (name, evaluationPeriods) => {
    expect(alarmOn("Invocations", { FunctionName: `countersign-prod-${name}` })).toMatchObject({
      comparisonOperator: "LessThanThreshold",
      threshold: 1,
      evaluationPeriods,
      treatMissingData: "breaching",
    });
  });

  test("on gaps, which are counted from the reconciler's own line", () => {
    const { inputs } = prod.one("aws:cloudwatch/logMetricFilter:LogMetricFilter", "Gaps");
    expect(inputs).toMatchObject({
      logGroupName: "/countersign/prod/reconciler",
      pattern: '{ $.message = "reconciled" }',
      metricTransformation: { namespace: "countersign-prod-reconciler", name: "Gaps", value: "$.gaps" },
    });
    expect(alarmOn("Gaps", {})).toMatchObject({ namespace: "countersign-prod-reconciler", threshold: 10 });
  });
});

test("every alarm tells the topic, says what it means, and stays quiet without data unless it is about that", () => {
  expect(alarms().length).toBeGreaterThan(25);
  for (const alarm of alarms()) {
    expect(alarm, String(alarm["name"])).toMatchObject({
      alarmActions: [topicArn()],
      okActions: [topicArn()],
    });
    expect(String(alarm["alarmDescription"]).length).toBeGreaterThan(20);
    expect(alarm["treatMissingData"]).toBe(
      alarm["comparisonOperator"] === "LessThanThreshold" ? "breaching" : "notBreaching",
    );
  }
});

test("the topic is encrypted, and written to by this stage's alarms alone", () => {
  expect(prod.one("aws:sns/topic:Topic", "AlarmsTopic").inputs["kmsMasterKeyId"]).toBe(
    arn("kms", "key/MessagesKey"),
  );
  const policy = statementsOf(prod.one("aws:sns/topicPolicy:TopicPolicy", "AlarmsPolicy").inputs["policy"]);
  const publish = (service: string, source: string, from = account) =>
    allows(policy, {
      action: "sns:Publish",
      resource: topicArn(),
      principal: { service },
      context: { "aws:SourceArn": source, "aws:SourceAccount": from },
    });
  for (const { name } of alarms()) {
    expect(publish("cloudwatch.amazonaws.com", arn("cloudwatch", `alarm:${name}`))).toBe(true);
  }
  expect(publish("cloudwatch.amazonaws.com", arn("cloudwatch", "alarm:another"))).toBe(false);
  expect(
    publish("cloudwatch.amazonaws.com", arn("cloudwatch", "alarm:countersign-prod-x"), "210987654321"),
  ).toBe(false);
  expect(publish("events.amazonaws.com", arn("cloudwatch", "alarm:countersign-prod-x"))).toBe(false);
});

test("the dashboard shows every queue, rule and function", () => {
  const body = String(prod.one("aws:cloudwatch/dashboard:Dashboard", "Dashboard").inputs["dashboardBody"]);
  expect(JSON.parse(body).widgets.length).toBeGreaterThan(6);
  const shown = ["aws:sqs/queue:Queue", "aws:cloudwatch/eventRule:EventRule", "aws:lambda/function:Function"];
  for (const { inputs } of shown.flatMap((type) => prod.all(type)))
    expect(body).toContain(`"${inputs["name"]}"`);
});

function nameOf(queue: string): unknown {
  return prod.one("aws:sqs/queue:Queue", `${queue}Queue`).inputs["name"];
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
