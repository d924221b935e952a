import { SFNClient } from "@aws-sdk/client-sfn";
import { createUnrecordedRefusals } from "@countersign/aws/dynamodb/refusal-counters";
import { createExecutionReader } from "@countersign/aws/step-functions/executions";
import { boundedCalls, stepFunctionsLimits } from "../composition/call-limits.ts";
import { clock, queues, stores } from "../composition/stores.ts";
import { erasing } from "../composition/subjects.ts";
import { createLogger } from "../logging/logger.ts";
import { sweeperHandler } from "../sweeper/handler.ts";

const environment = process.env;
const { state, ledger, ledgerReader, executions } = stores(environment);

export const handler = sweeperHandler({
  clock,
  ledger,
  entries: ledgerReader,
  executions,
  lister: executions,
  ...erasing(environment),
  refusals: createUnrecordedRefusals(state),
  reader: createExecutionReader({ sfn: new SFNClient(boundedCalls(stepFunctionsLimits)) }),
  revocations: queues(environment).revocations,
  log: createLogger("sweeper"),
});
