import { type Route, routes } from "@countersign/functions/api/routes";
import type { Events } from "./events.ts";
import { createFunction, type Foundation, type FunctionOptions, tableSettings } from "./function.ts";
import {
  appendToLedger,
  describeExecutions,
  lookThrough,
  type Permission,
  readLedger,
  readSecrets,
  sendTo,
  startExecutions,
  traceExecutions,
  useReferences,
  useStates,
} from "./permissions.ts";

export type Gate = ReturnType<typeof createGate>;

type ApiFunction = Route["functionName"];

/** The HTTP API and the functions behind it. */
export function createGate(foundation: Foundation, events: Events) {
  const functions = createFunctions(foundation, events);
  const api = createApi(foundation);
  for (const { method, path, functionName } of routes) {
    api.route(`${method} ${path}`, functions[functionName].arn);
  }
  return { functions, url: api.url, apiId: api.nodes.api.id };
}

function createFunctions(foundation: Foundation, events: Events): Record<ApiFunction, sst.aws.Function> {
  const { ledger, identity } = foundation;
  const verifying = verification(foundation);
  const sealKey = { COUNTERSIGN_KMS_KEY_ID: identity.sealKey.arn };
  const of = (name: ApiFunction, { permissions, environment, ...options }: FunctionOptions) =>
    createFunction(foundation, name, {
      ...options,
      environment: { ...verifying.environment, ...environment },
      permissions: [...permissions, ...verifying.permissions],
    });
  return {
    gate: of("gate", {
      description: "Starts registered workflows for tokens that may",
      onWorkflows: (workflows) => [...startExecutions(workflows), ...describeExecutions(workflows)],
      permissions: startsOf(foundation, events),
      environment: { ...events.settings, ...sealKey },
    }),
    executions: of("executions", {
      description: "Tells of executions and stops them",
      onWorkflows: (workflows) => traceExecutions(workflows, ["states:StopExecution"]),
      permissions: useStates(ledger, { EXECUTION: ["GetItem"] }),
    }),
    audit: of("audit", {
      description: "Answers questions of the ledger",
      permissions: readLedger(ledger),
    }),
    "dead-letters": of("dead-letters", {
      description: "Lists dead letters and sends them back",
      permissions: [...lookThrough(events.deadLetters), ...sendTo(events.statusEvents, events.revocations)],
      environment: events.settings,
    }),
    subjects: of("subjects", {
      description: "Erases what is kept of a subject",
      permissions: erasuresOf(foundation),
      environment: sealKey,
    }),
    metadata: createFunction(foundation, "metadata", {
      description: "Tells what anyone may know of this API",
      permissions: [],
      memory: "512 MB",
    }),
  };
}

function startsOf({ ledger }: Foundation, { revocations }: Events): Permission[] {
  return [
    ...useStates(ledger, {
      EXECUTION: ["GetItem", "PutItem", "DeleteItem"],
      SEAL: ["PutItem"],
      KEY: ["GetItem", "PutItem"],
      BLOCK: ["BatchGetItem"],
      USED: ["PutItem"],
      RATE: ["UpdateItem"],
    }),
    ...sendTo(revocations),
  ];
}

function erasuresOf({ ledger }: Foundation): Permission[] {
  return useStates(ledger, {
    ERASURE: ["PutItem", "DeleteItem"],
    KEY: ["GetItem", "PutItem", "DeleteItem"],
    SUBJECT: ["GetItem", "DeleteItem"],
  });
}

/** What every function needs that verifies a caller's token, counts refusals and records the act. */
function verification(foundation: Foundation) {
  const { ledger, identity } = foundation;
  return {
    environment: {
      ...tableSettings(foundation),
      COUNTERSIGN_KEYS_SECRET: identity.keysSecret.arn,
      ...(identity.isPseudonymous && { COUNTERSIGN_KMS_KEY_ID: identity.sealKey.arn }),
    },
    permissions: [
      ...appendToLedger(ledger),
      ...useStates(ledger, { REFUSED: ["UpdateItem"] }),
      ...readSecrets(identity.keysSecret.arn, ...identity.clientSecrets),
      ...(identity.isPseudonymous ? useReferences(ledger) : []),
    ],
  };
}

function createApi({ stage, logs }: Foundation): sst.aws.ApiGatewayV2 {
  const { domain, certificate, requestsPerSecond } = stage.options;
  return new sst.aws.ApiGatewayV2("Api", {
    cors: false,
    ...(domain && { domain: certificate ? { name: domain, dns: false, cert: certificate } : domain }),
    transform: {
      api: { disableExecuteApiEndpoint: domain !== undefined },
      logGroup: (args, options) => {
        Object.assign(args, logs.ofApi);
        options.retainOnDelete = stage.isProduction;
      },
      stage: (args) => {
        args.defaultRouteSettings = {
          throttlingRateLimit: requestsPerSecond,
          throttlingBurstLimit: requestsPerSecond * 2,
          detailedMetricsEnabled: true,
        };
        args.accessLogSettings = $resolve([args.accessLogSettings]).apply(([settings]) => ({
          destinationArn: settings?.destinationArn ?? "",
          format: JSON.stringify(accessLogFields),
        }));
      },
    },
  });
}

/** No path, query, address or agent: they name executions and people. The id leads to the function's own log. */
const accessLogFields = {
  time: "$context.requestTimeEpoch",
  requestId: "$context.requestId",
  route: "$context.routeKey",
  status: "$context.status",
  responseBytes: "$context.responseLength",
  latencyMs: "$context.responseLatency",
  integrationLatencyMs: "$context.integrationLatency",
  integrationStatus: "$context.integrationStatus",
  error: "$context.error.message",
};
