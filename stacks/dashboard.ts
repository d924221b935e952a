import type { Watched } from "./alarms.ts";
import type { Stage } from "./stage.ts";

type Metric = [namespace: string, metric: string, ...dimensions: ($util.Input<string> | object)[]];

/** The body of the stage's dashboard. */
export function dashboardOf({ region }: Stage, watched: Watched) {
  const { functions, sources, deadLetters, rules, apiId } = watched;
  const queues = Object.values({ ...sources, ...deadLetters });
  const ofFunctions = (metric: string, stat = "Sum") =>
    Object.values(functions).map(
      ({ name }): Metric => ["AWS/Lambda", metric, "FunctionName", name, { stat }],
    );
  const ofQueues = (metric: string): Metric[] =>
    queues.map(({ nodes }) => ["AWS/SQS", metric, "QueueName", nodes.queue.name, { stat: "Maximum" }]);
  const ofApi = (metric: string, stat: string): Metric => [
    "AWS/ApiGateway",
    metric,
    "ApiId",
    apiId,
    { stat },
  ];
  const charts: [title: string, metrics: Metric[]][] = [
    ["Requests and refusals", [ofApi("Count", "Sum"), ofApi("4xx", "Sum"), ofApi("5xx", "Sum")]],
    ["Latency of the API (ms)", [ofApi("Latency", "p50"), ofApi("Latency", "p99")]],
    ["Age of the oldest message (s)", ofQueues("ApproximateAgeOfOldestMessage")],
    ["Messages waiting", ofQueues("ApproximateNumberOfMessagesVisible")],
    ["Function errors", ofFunctions("Errors")],
    ["Function durations, p99 (ms)", ofFunctions("Duration", "p99")],
    ["Functions at once", ofFunctions("ConcurrentExecutions", "Maximum")],
    [
      "Status events matched and failed",
      rules.flatMap((rule): Metric[] => [
        ["AWS/Events", "MatchedEvents", "RuleName", rule, { stat: "Sum" }],
        ["AWS/Events", "FailedInvocations", "RuleName", rule, { stat: "Sum" }],
      ]),
    ],
  ];
  return {
    widgets: charts.map(([title, metrics], index) => ({
      type: "metric",
      x: (index % 2) * 12,
      y: Math.floor(index / 2) * 6,
      width: 12,
      height: 6,
      properties: { title, metrics, region, view: "timeSeries", period: 60 },
    })),
  };
}
