import { type AlarmSettings, alarmsOf, type Watched } from "./alarms.ts";
import { dashboardOf } from "./dashboard.ts";
import type { Events } from "./events.ts";
import type { Foundation } from "./function.ts";
import type { Gate } from "./gate.ts";
import type { Schedules } from "./schedules.ts";
import { named, type Stage } from "./stage.ts";

interface Parts {
  readonly events: Events;
  readonly revoker: sst.aws.Function;
  readonly schedules: Schedules;
  readonly gate: Gate;
}

/** Alarms to a topic, and a dashboard. */
export function createObservability(foundation: Foundation, parts: Parts): sst.aws.SnsTopic {
  const { stage, ledger } = foundation;
  const { events, gate } = parts;
  const watched: Watched = {
    functions: {
      ...gate.functions,
      recorder: events.recorder,
      revoker: parts.revoker,
      ...parts.schedules,
    },
    sources: { "status-events": events.statusEvents, revocations: events.revocations },
    deadLetters: { "dead-letters": events.deadLetters, "undelivered-events": events.undelivered },
    rules: events.rules.map(({ name }) => name),
    tables: { ledger: ledger.entries, state: ledger.states },
    apiId: gate.apiId,
    gaps: { namespace: named(stage, "reconciler"), metric: "Gaps" },
  };
  countGaps(foundation, watched.gaps);
  const topic = createTopic(stage, events.key);
  for (const settings of alarmsOf(watched)) createAlarm(stage, topic, settings);
  new aws.cloudwatch.Dashboard("Dashboard", {
    dashboardName: named(stage, stage.region),
    dashboardBody: $jsonStringify(dashboardOf(stage, watched)),
  });
  return topic;
}

/** Makes a metric of the line that each run of the reconciler ends with. */
function countGaps({ logs }: Foundation, { namespace, metric }: Watched["gaps"]) {
  new aws.cloudwatch.LogMetricFilter("Gaps", {
    logGroupName: logs.nameOf("reconciler"),
    pattern: '{ $.message = "reconciled" }',
    metricTransformation: { namespace, name: metric, value: "$.gaps", unit: "Count" },
  });
}

function createTopic(stage: Stage, key: aws.kms.Key): sst.aws.SnsTopic {
  const topic = new sst.aws.SnsTopic("Alarms", {
    transform: { topic: { kmsMasterKeyId: key.arn } },
  });
  const alarms = `arn:${stage.partition}:cloudwatch:${stage.region}:${stage.account}:alarm:${named(stage, "*")}`;
  new aws.sns.TopicPolicy("AlarmsPolicy", {
    arn: topic.arn,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "Alarms",
          Effect: "Allow",
          Principal: { Service: "cloudwatch.amazonaws.com" },
          Action: "sns:Publish",
          Resource: topic.arn,
          Condition: {
            StringEquals: { "aws:SourceAccount": stage.account },
            ArnLike: { "aws:SourceArn": alarms },
          },
        },
      ],
    }),
  });
  const { alarmEmail } = stage.options;
  if (alarmEmail) {
    new aws.sns.TopicSubscription("AlarmsMail", {
      topic: topic.arn,
      protocol: "email",
      endpoint: alarmEmail,
    });
  }
  return topic;
}

function createAlarm(stage: Stage, topic: sst.aws.SnsTopic, settings: AlarmSettings) {
  const {
    name,
    description,
    namespace,
    metric,
    dimensions,
    statistic = "Sum",
    above,
    forMinutes = 1,
  } = settings;
  const isMissing = settings.isMissing ?? false;
  new aws.cloudwatch.MetricAlarm(`Alarm-${name}`, {
    name: named(stage, name),
    alarmDescription: description,
    namespace,
    metricName: metric,
    dimensions,
    statistic,
    period: 60,
    evaluationPeriods: forMinutes,
    comparisonOperator: isMissing ? "LessThanThreshold" : "GreaterThanThreshold",
    threshold: above,
    treatMissingData: isMissing ? "breaching" : "notBreaching",
    alarmActions: [topic.arn],
    okActions: [topic.arn],
  });
}
