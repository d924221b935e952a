import { setTimeout as sleep } from "node:timers/promises";
import { SFNClient } from "@aws-sdk/client-sfn";
import { createReconcileProgress } from "@countersign/aws/dynamodb/reconcile-progress";
import { createRecordedFacts } from "@countersign/aws/dynamodb/recorded-facts";
import { createAccountExecutions } from "@countersign/aws/step-functions/account-executions";
import { createExecutionReader } from "@countersign/aws/step-functions/executions";
import { paceCalls } from "@countersign/aws/step-functions/pace-calls";
import { boundedCalls, stepFunctionsLimits } from "../composition/call-limits.ts";
import { deployedConfig, deployedWorkflows, numberSetting, setting } from "../composition/settings.ts";
import { clock, queues, stores } from "../composition/stores.ts";
import { createLogger } from "../logging/logger.ts";
import { reconcilerHandler } from "../reconciler/handler.ts";

const environment = process.env;
const { state, ledger, executions } = stores(environment);
const { dynamodb } = state;
const sfn = paceCalls(new SFNClient(boundedCalls(stepFunctionsLimits)), { clock, sleep });

export const handler = reconcilerHandler({
  clock,
  workflows: deployedWorkflows(environment, deployedConfig(environment)),
  ledger,
  facts: createRecordedFacts({ dynamodb, table: setting(environment, "COUNTERSIGN_LEDGER_TABLE") }),
  executions,
  lister: executions,
  reader: createExecutionReader({ sfn }),
  account: createAccountExecutions({ sfn }),
  progress: createReconcileProgress(state),
  revocations: queues(environment).revocations,
  graceMs: 1000 * numberSetting(environment, "COUNTERSIGN_RECONCILE_GRACE_SECONDS", 300),
  lookBackMs: 3_600_000 * numberSetting(environment, "COUNTERSIGN_RECONCILE_LOOK_BACK_HOURS", 24),
  log: createLogger("reconciler"),
});
