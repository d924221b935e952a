import { SFNClient } from "@aws-sdk/client-sfn";
import { createExecutionReader, createExecutionStopper } from "@countersign/aws/step-functions/executions";
import { tokenVerification } from "../composition/identity.ts";
import { deployedConfig, deployedWorkflows } from "../composition/settings.ts";
import { clock, stores } from "../composition/stores.ts";
import { executionsHandler } from "../executions/handler.ts";
import { createLogger } from "../logging/logger.ts";

const environment = process.env;
const config = deployedConfig(environment);
const { ledger, executions } = stores(environment);
const { verifier } = await tokenVerification(environment, config);
const sfn = new SFNClient({});

export const handler = executionsHandler({
  clock,
  workflows: deployedWorkflows(environment, config),
  executions,
  reader: createExecutionReader({ sfn }),
  stopper: createExecutionStopper({ sfn }),
  ledger,
  verifier,
  log: createLogger("executions"),
});
