import type { Identity } from "./identity.ts";
import type { Ledger } from "./ledger.ts";
import type { Logs } from "./logs.ts";
import type { Permission } from "./permissions.ts";
import type { Registry } from "./registry.ts";
import { named, roleName, type Stage } from "./stage.ts";
import { attachedPolicies, divideAccess, type WorkflowAccess } from "./workflow-access.ts";

/** What every stack builds on. */
export interface Foundation {
  readonly stage: Stage;
  readonly registry: Registry;
  readonly logs: Logs;
  readonly ledger: Ledger;
  readonly identity: Identity;
}

export interface FunctionOptions {
  readonly description: string;
  readonly permissions: readonly Permission[];
  /** What it may do with registered workflows. */
  readonly onWorkflows?: WorkflowAccess;
  /** Variables of its own, beside those that every function has. */
  readonly environment?: Record<string, $util.Input<string>>;
  readonly memory?: `${number} MB`;
  readonly timeout?: `${number} seconds`;
}

/** Has every function's role trust Lambda and nobody else: SST lets the whole account assume it. */
export function trustServicesAlone(): void {
  $transform(sst.aws.Function, (args) => {
    const own = args.transform?.role;
    args.transform = {
      ...args.transform,
      role: (role, options, name) => {
        if (typeof own === "function") own(role, options, name);
        else Object.assign(role, own);
        role.assumeRolePolicy = trustOf("lambda.amazonaws.com");
      },
    };
  });
}

/** A trust policy that names one service. */
export function trustOf(service: string, condition?: object): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: service },
        Action: "sts:AssumeRole",
        ...(condition && { Condition: condition }),
      },
    ],
  });
}

/** One of Countersign's functions: the entry file of this name, with what it may do and no more. */
export function createFunction(foundation: Foundation, name: string, options: FunctionOptions) {
  const { stage, logs, registry } = foundation;
  const logicalName = logicalNameOf(name);
  const logGroup = logs.ofFunction(name, logicalName);
  const environment = {
    COUNTERSIGN_ACCOUNT_ID: stage.account,
    COUNTERSIGN_CONFIG_FILE: "/var/task/countersign.config.json",
    ...options.environment,
  };
  const access = divideAccess(name, registry.workflows, options.onWorkflows ?? (() => []));
  const attached = attachedPolicies(stage, name, logicalName, access.attached);
  return new sst.aws.Function(logicalName, {
    name: named(stage, name),
    description: options.description,
    handler: `packages/functions/src/lambda/${name}.handler`,
    runtime: "nodejs24.x",
    architecture: "arm64",
    memory: options.memory ?? "1024 MB",
    timeout: options.timeout ?? "20 seconds",
    nodejs: { format: "esm", minify: true },
    copyFiles: [{ from: registry.file, to: "countersign.config.json" }],
    environment,
    logging: { format: "json", logGroup: logGroup.name },
    permissions: [...access.own, ...options.permissions, ...writeTelemetry(logGroup)],
    transform: {
      function: (args) => {
        args.tracingConfig = { mode: "Active" };
        // Without what SST adds, a key to linked resources among it: nothing is linked.
        args.environment = { variables: environment };
      },
      role: (args) => {
        args.name = roleName(stage, name);
        // In place of the managed policy that writes to every log group of the account.
        args.managedPolicyArns = attached;
      },
    },
  });
}

/** What tells a function where the two tables are. */
export function tableSettings({ ledger }: Foundation) {
  return { COUNTERSIGN_LEDGER_TABLE: ledger.entries.name, COUNTERSIGN_STATE_TABLE: ledger.states.name };
}

function logicalNameOf(name: string): string {
  return `${name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())}Handler`;
}

/** Writes a function's own log, and traces. */
export function writeTelemetry(logGroup: aws.cloudwatch.LogGroup): Permission[] {
  return [
    { actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [$interpolate`${logGroup.arn}:*`] },
    // Neither action takes a resource.
    { actions: ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], resources: ["*"] },
  ];
}
