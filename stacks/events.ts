import { createFunction, type Foundation, tableSettings } from "./function.ts";
import { byFunctionsThrough, byOperatorsThrough, createKey } from "./key.ts";
import { appendToLedger, consume, sendTo, traceExecutions, useStates } from "./permissions.ts";
import type { Registry } from "./registry.ts";
import { named, type Stage } from "./stage.ts";
import { statusPatterns } from "./status-patterns.ts";

export type Events = ReturnType<typeof createEvents>;
type Rules = readonly aws.cloudwatch.EventRule[];

/** Long enough for whoever is away for a week and a half. */
const twoWeeksSeconds = 14 * 86_400;
/** Six times the functions' own timeout, as Lambda advises. */
const visibilityTimeout = "3 minutes";

/** From a status change of a registered state machine to its entry. */
export function createEvents(foundation: Foundation) {
  const { stage, registry } = foundation;
  const rules = createRules(stage, registry);
  const key = messagesKey(stage, rules);
  const queues = {
    // No redrive policy on these two: functions give a message up themselves, for a queue would keep its body.
    statusEvents: createQueue("StatusEvents", key, twoWeeksSeconds),
    revocations: createQueue("Revocations", key, twoWeeksSeconds),
    deadLetters: createQueue("DeadLetters", key, twoWeeksSeconds),
    // Holds whole events, executions' inputs included, so not for long.
    undelivered: createQueue("UndeliveredEvents", key, 4 * 86_400),
  };
  const delivery = [
    guard("StatusEvents", queues.statusEvents, rules),
    guard("UndeliveredEvents", queues.undelivered, rules),
  ];
  guard("Revocations", queues.revocations, []);
  guard("DeadLetters", queues.deadLetters, []);
  for (const [index, rule] of rules.entries()) createTarget(index, rule, queues, [...delivery, key]);
  const settings = {
    COUNTERSIGN_STATUS_EVENTS_QUEUE_URL: queues.statusEvents.url,
    COUNTERSIGN_REVOCATIONS_QUEUE_URL: queues.revocations.url,
    COUNTERSIGN_DEAD_LETTERS_QUEUE_URL: queues.deadLetters.url,
  };
  const recorder = createRecorder(foundation, queues, settings);
  return { ...queues, rules, key, settings, recorder };
}

function createRules(stage: Stage, { workflows }: Registry): Rules {
  return statusPatterns(workflows.map(({ stateMachineArn }) => stateMachineArn)).map(
    (eventPattern, index) =>
      new aws.cloudwatch.EventRule(`StatusRule${index + 1}`, {
        name: named(stage, `status-${index + 1}`),
        description: "Status changes of registered state machines and of their Maps' children",
        eventPattern: JSON.stringify(eventPattern),
      }),
  );
}

function messagesKey(stage: Stage, rules: Rules): aws.kms.Key {
  const use = ["kms:Decrypt", "kms:GenerateDataKey"];
  return createKey(stage, "MessagesKey", "messages in queues and of alarms", [
    byFunctionsThrough(stage, "sqs", use),
    byOperatorsThrough(stage, "sqs", use),
    // Without this EventBridge drops events for an encrypted queue, and says so in a metric only.
    ...(rules.length > 0
      ? [
          {
            Sid: "EventBridge",
            Principal: { Service: "events.amazonaws.com" },
            Action: use,
            Condition: {
              StringEquals: { "aws:SourceAccount": stage.account },
              ArnEquals: { "aws:SourceArn": rules.map(({ arn }) => arn) },
            },
          },
        ]
      : []),
    {
      Sid: "Alarms",
      Principal: { Service: "cloudwatch.amazonaws.com" },
      Action: use,
      Condition: { StringEquals: { "aws:SourceAccount": stage.account } },
    },
  ]);
}

function createQueue(name: string, key: aws.kms.Key, messageRetentionSeconds: number) {
  return new sst.aws.Queue(name, {
    visibilityTimeout,
    transform: {
      queue: (args) => {
        args.kmsMasterKeyId = key.arn;
        args.kmsDataKeyReusePeriodSeconds = 300;
        args.messageRetentionSeconds = messageRetentionSeconds;
      },
    },
  });
}

/** A queue's own policy: these rules may send to it, and nobody talks to it in the clear. */
function guard(name: string, queue: sst.aws.Queue, rules: Rules) {
  const deny = {
    Sid: "TlsOnly",
    Effect: "Deny",
    Principal: "*",
    Action: "sqs:*",
    Resource: queue.arn,
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
  const allow = rules.map(({ arn }, index) => ({
    Sid: `Rule${index + 1}`,
    Effect: "Allow",
    Principal: { Service: "events.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource: queue.arn,
    Condition: { ArnEquals: { "aws:SourceArn": arn } },
  }));
  const policy = $jsonStringify({ Version: "2012-10-17", Statement: [...allow, deny] });
  return new aws.sqs.QueuePolicy(`${name}Policy`, { queueUrl: queue.url, policy });
}

function createTarget(
  index: number,
  rule: aws.cloudwatch.EventRule,
  { statusEvents, undelivered }: Pick<Events, "statusEvents" | "undelivered">,
  dependsOn: $util.Resource[],
) {
  new aws.cloudwatch.EventTarget(
    `StatusTarget${index + 1}`,
    {
      rule: rule.name,
      targetId: "status-events",
      arn: statusEvents.arn,
      deadLetterConfig: { arn: undelivered.arn },
      retryPolicy: { maximumEventAgeInSeconds: 86_400, maximumRetryAttempts: 185 },
    },
    { dependsOn },
  );
}

function createRecorder(
  foundation: Foundation,
  queues: Pick<Events, "statusEvents" | "revocations" | "deadLetters">,
  settings: Record<string, $util.Input<string>>,
) {
  const { ledger } = foundation;
  const recorder = createFunction(foundation, "recorder", {
    description: "Records status events, and intends revocation of what failed",
    environment: { ...tableSettings(foundation), ...settings },
    timeout: "30 seconds",
    onWorkflows: (workflows) => traceExecutions(workflows),
    permissions: [
      ...appendToLedger(ledger),
      ...useStates(ledger, { EXECUTION: ["GetItem", "PutItem"] }),
      ...consume(queues.statusEvents),
      ...sendTo(queues.revocations, queues.deadLetters),
    ],
  });
  // As many at once as Step Functions' own quotas let look at executions.
  feed(queues.statusEvents, recorder, 10);
  return recorder;
}

/** Hands a queue's messages to a function, which reports those that failed one by one. */
export function feed(queue: sst.aws.Queue, handler: sst.aws.Function, atOnce: number): void {
  queue.subscribe(handler.arn, {
    batch: { size: 10, partialResponses: true },
    transform: {
      eventSourceMapping: (args) => {
        args.scalingConfig = { maximumConcurrency: atOnce };
      },
    },
  });
}
