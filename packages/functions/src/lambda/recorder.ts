import { SFNClient } from "@aws-sdk/client-sfn";
import { createExecutionReader } from "@countersign/aws/step-functions/executions";
import { boundedCalls, stepFunctionsLimits } from "../composition/call-limits.ts";
import { deployedConfig, deployedWorkflows } from "../composition/settings.ts";
import { clock, queues, stores } from "../composition/stores.ts";
import { createLogger } from "../logging/logger.ts";
import { recorderHandler } from "../recorder/handler.ts";

const environment = process.env;
const { ledger, executions } = stores(environment);
const { revocations, deadLetters, delayOf } = queues(environment);

export const handler = recorderHandler({
  clock,
  workflows: deployedWorkflows(environment, deployedConfig(environment)),
  ledger,
  executions,
  reader: createExecutionReader({ sfn: new SFNClient(boundedCalls(stepFunctionsLimits)) }),
  revocations,
  deadLetters,
  delay: delayOf.statusEvents,
  log: createLogger("recorder"),
});
