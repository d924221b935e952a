/** What is looked at, by the name people know it under. */
export interface Watched {
  readonly functions: Readonly<Record<string, sst.aws.Function>>;
  /** Queues that functions are fed from. */
  readonly sources: Readonly<Record<string, sst.aws.Queue>>;
  /** Queues that are to be empty. */
  readonly deadLetters: Readonly<Record<string, sst.aws.Queue>>;
  readonly rules: readonly $util.Input<string>[];
  readonly tables: Readonly<Record<string, sst.aws.Dynamo>>;
  readonly apiId: $util.Input<string>;
  /** What the reconciler found missing. */
  readonly gaps: { readonly namespace: string; readonly metric: string };
}

export interface AlarmSettings {
  readonly name: string;
  readonly description: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Record<string, $util.Input<string>>;
  readonly statistic?: "Sum" | "Maximum";
  readonly above: number;
  readonly forMinutes?: number;
  /** Alarms below the threshold, and when nothing is measured at all. */
  readonly isMissing?: boolean;
}

/** Everything that somebody has to be told. */
export function alarmsOf(watched: Watched): AlarmSettings[] {
  return [
    ...Object.entries(watched.sources).map(([name, queue]) => ageAlarm(name, queue)),
    ...Object.entries(watched.deadLetters).map(([name, queue]) => depthAlarm(name, queue)),
    ...Object.entries(watched.functions).flatMap(([name, one]) => functionAlarms(name, one)),
    ...watched.rules.flatMap((rule, index) => ruleAlarms(rule, index + 1)),
    ...Object.entries(watched.tables).flatMap(([name, table]) => tableAlarms(name, table)),
    apiAlarm(watched.apiId),
    runsAlarm(watched.functions, "sweeper", 5),
    runsAlarm(watched.functions, "reconciler", 45),
    gapsAlarm(watched.gaps),
  ];
}

function ageAlarm(name: string, queue: sst.aws.Queue): AlarmSettings {
  return {
    name: `${name}-age`,
    description: `The oldest message of ${name} waits for more than 5 minutes: its function can't run or can't keep up`,
    ...ofQueue(queue),
    metric: "ApproximateAgeOfOldestMessage",
    statistic: "Maximum",
    above: 300,
    forMinutes: 5,
  };
}

function depthAlarm(name: string, queue: sst.aws.Queue): AlarmSettings {
  return {
    name: `${name}-depth`,
    description: `Something is in ${name}: read why, mend it, send it back`,
    ...ofQueue(queue),
    metric: "ApproximateNumberOfMessagesVisible",
    statistic: "Maximum",
    above: 0,
  };
}

function ofQueue(queue: sst.aws.Queue) {
  return { namespace: "AWS/SQS", dimensions: { QueueName: queue.nodes.queue.name } };
}

function functionAlarms(name: string, { name: FunctionName }: sst.aws.Function): AlarmSettings[] {
  const of = { namespace: "AWS/Lambda", dimensions: { FunctionName }, above: 0 };
  return [
    { ...of, name: `${name}-errors`, metric: "Errors", description: `${name} failed: read its log` },
    {
      ...of,
      name: `${name}-throttles`,
      metric: "Throttles",
      description: `${name} was not run for want of concurrency: raise the account's quota`,
    },
  ];
}

function ruleAlarms(RuleName: $util.Input<string>, number: number): AlarmSettings[] {
  const of = { namespace: "AWS/Events", dimensions: { RuleName }, above: 0 };
  return [
    {
      ...of,
      name: `status-rule-${number}-failed`,
      metric: "FailedInvocations",
      description: "EventBridge could not deliver status events: look at the queue's policy and its key",
    },
    {
      ...of,
      name: `status-rule-${number}-lost`,
      metric: "InvocationsFailedToBeSentToDlq",
      description: "Status events are lost: they could be delivered nowhere",
    },
  ];
}

function tableAlarms(name: string, { name: TableName }: sst.aws.Dynamo): AlarmSettings[] {
  return (["Read", "Write"] as const).map((kind) => ({
    name: `${name}-table-${kind.toLowerCase()}-throttles`,
    description: `The ${name} table throttles: starts are answered with 429 meanwhile`,
    namespace: "AWS/DynamoDB",
    dimensions: { TableName },
    metric: `${kind}ThrottleEvents`,
    above: 0,
    forMinutes: 5,
  }));
}

function apiAlarm(ApiId: $util.Input<string>): AlarmSettings {
  return {
    name: "api-5xx",
    description: "The API answers with server errors",
    namespace: "AWS/ApiGateway",
    dimensions: { ApiId },
    metric: "5xx",
    above: 5,
    forMinutes: 5,
  };
}

/** What runs by the clock alarms when it does not. */
function runsAlarm(functions: Watched["functions"], name: string, forMinutes: number): AlarmSettings {
  const scheduled = functions[name];
  if (!scheduled) throw new Error(`there is no ${name} to be watched`);
  return {
    name: `${name}-runs`,
    description: `The ${name} has not run for ${forMinutes} minutes: look at its schedule and at undelivered-events`,
    namespace: "AWS/Lambda",
    dimensions: { FunctionName: scheduled.name },
    metric: "Invocations",
    above: 1,
    forMinutes,
    isMissing: true,
  };
}

function gapsAlarm({ namespace, metric }: Watched["gaps"]): AlarmSettings {
  return {
    name: "gaps",
    description:
      "Events of more than ten executions were missed since the last run: look at the rules and their queue",
    namespace,
    dimensions: {},
    metric,
    above: 10,
  };
}
