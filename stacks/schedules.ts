import type { Events } from "./events.ts";
import { createFunction, type Foundation, tableSettings, trustOf } from "./function.ts";
import {
  appendToLedger,
  describeExecutions,
  listExecutions,
  listOpen,
  readExecutionEntries,
  sendTo,
  traceExecutions,
  useStates,
  whatIsRecorded,
} from "./permissions.ts";
import { roleName } from "./stage.ts";

export type Schedules = ReturnType<typeof createSchedules>;

/** What runs by the clock. */
export function createSchedules(foundation: Foundation, events: Events) {
  const sweeper = createSweeper(foundation, events);
  const reconciler = createReconciler(foundation, events);
  const schedule = (logicalName: string, name: string, rate: string, handler: sst.aws.Function) =>
    createSchedule(foundation, events, { logicalName, name, rate, handler });
  schedule("Sweep", "sweep", "rate(1 minute)", sweeper);
  schedule("Reconcile", "reconcile", "rate(15 minutes)", reconciler);
  return { sweeper, reconciler };
}

function createSweeper(foundation: Foundation, { settings, revocations }: Events) {
  const { ledger } = foundation;
  return createFunction(foundation, "sweeper", {
    description: "Finishes what crashes have left, and records what was refused",
    environment: { ...tableSettings(foundation), ...settings },
    timeout: "55 seconds",
    onWorkflows: describeExecutions,
    permissions: [
      ...appendToLedger(ledger),
      ...readExecutionEntries(ledger),
      ...listOpen(ledger),
      ...useStates(ledger, {
        EXECUTION: ["GetItem", "PutItem"],
        REFUSED: ["UpdateItem", "DeleteItem"],
        ERASURE: ["GetItem", "DeleteItem"],
        KEY: ["PutItem", "DeleteItem"],
        SUBJECT: ["DeleteItem"],
      }),
      ...sendTo(revocations),
    ],
  });
}

function createReconciler(foundation: Foundation, { settings, revocations }: Events) {
  const { ledger } = foundation;
  return createFunction(foundation, "reconciler", {
    description: "Finds what events have missed, records it and the gap",
    environment: { ...tableSettings(foundation), ...settings },
    timeout: "600 seconds",
    onWorkflows: (workflows) => [
      ...traceExecutions(workflows, ["states:ListMapRuns"]),
      ...listExecutions(workflows),
    ],
    permissions: [
      ...appendToLedger(ledger),
      ...whatIsRecorded(ledger),
      ...listOpen(ledger),
      ...useStates(ledger, { EXECUTION: ["GetItem", "PutItem"], RECONCILE: ["GetItem", "PutItem"] }),
      ...sendTo(revocations),
    ],
  });
}

interface ScheduleOptions {
  readonly logicalName: string;
  readonly name: string;
  readonly rate: string;
  readonly handler: sst.aws.Function;
}

/** A run that was missed is not made up for: the next one does the same. */
function createSchedule({ stage }: Foundation, { undelivered }: Events, options: ScheduleOptions) {
  const { logicalName, name, rate, handler } = options;
  new aws.lambda.FunctionEventInvokeConfig(`${logicalName}Invocations`, {
    functionName: handler.name,
    maximumRetryAttempts: 0,
    maximumEventAgeInSeconds: 60,
  });
  new sst.aws.CronV2(logicalName, {
    schedule: rate as `rate(${string})`,
    function: handler.arn,
    retries: 2,
    dlq: undelivered.arn,
    transform: {
      role: (args) => {
        args.name = roleName(stage, `${name}-schedule`);
        const fromHere = { StringEquals: { "aws:SourceAccount": stage.account } };
        args.assumeRolePolicy = trustOf("scheduler.amazonaws.com", fromHere);
      },
      schedule: (args) => {
        args.target = $resolve([args.target]).apply(([target]) => ({
          ...target,
          retryPolicy: { maximumRetryAttempts: 2, maximumEventAgeInSeconds: 60 },
        }));
      },
    },
  });
}
