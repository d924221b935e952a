import { SFNClient } from "@aws-sdk/client-sfn";
import { createExecutionReader, createExecutionStopper } from "@countersign/aws/step-functions/executions";
import { countedRefusals } from "../api/counted-refusals.ts";
import { boundedCalls, stepFunctionsLimits } from "../composition/call-limits.ts";
import { tokenVerification } from "../composition/identity.ts";
import { refusalCount } from "../composition/refusals.ts";
import { deployedConfig, deployedWorkflows } from "../composition/settings.ts";
import { clock, stores } from "../composition/stores.ts";
import { executionsHandler } from "../executions/handler.ts";
import { createLogger } from "../logging/logger.ts";

const environment = process.env;
const log = createLogger("executions");
const config = deployedConfig(environment);
const { ledger, executions } = stores(environment);
const { verifier } = await tokenVerification(environment, config);
const sfn = new SFNClient(boundedCalls(stepFunctionsLimits));

const handle = executionsHandler({
  clock,
  workflows: deployedWorkflows(environment, config),
  executions,
  reader: createExecutionReader({ sfn }),
  stopper: createExecutionStopper({ sfn }),
  ledger,
  verifier,
  log,
});

export const handler = countedRefusals(refusalCount(environment, log), handle);
