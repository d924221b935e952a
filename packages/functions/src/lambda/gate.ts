import { KMSClient } from "@aws-sdk/client-kms";
import { SFNClient } from "@aws-sdk/client-sfn";
import { createBlockList } from "@countersign/aws/dynamodb/blocks";
import { createStartRate } from "@countersign/aws/dynamodb/start-rate";
import { createSubjectKeys } from "@countersign/aws/dynamodb/subject-keys";
import { createTokenUses } from "@countersign/aws/dynamodb/token-uses";
import { createSealer } from "@countersign/aws/kms/seal";
import { createExecutionReader, createExecutionStarter } from "@countersign/aws/step-functions/executions";
import { issuerOf } from "@countersign/core/config/config";
import { issuedTokenFingerprint } from "@countersign/core/token/fingerprint";
import { countedRefusals } from "../api/counted-refusals.ts";
import { boundedCalls, stepFunctionsLimits } from "../composition/call-limits.ts";
import { tokenVerification } from "../composition/identity.ts";
import { refusalCount } from "../composition/refusals.ts";
import { deployedConfig, deployedWorkflows, setting } from "../composition/settings.ts";
import { clock, queues, stores } from "../composition/stores.ts";
import { gateHandler } from "../gate/handler.ts";
import { createLogger } from "../logging/logger.ts";

const environment = process.env;
const log = createLogger("gate");
const config = deployedConfig(environment);
const { state, ledger, executions } = stores(environment);
const { verifier, providers, keys } = await tokenVerification(environment, config);
const sealing = {
  ...state,
  kms: new KMSClient(boundedCalls()),
  keyId: setting(environment, "COUNTERSIGN_KMS_KEY_ID"),
  clock,
};
const sfn = new SFNClient(boundedCalls(stepFunctionsLimits));

const handle = gateHandler({
  clock,
  workflows: deployedWorkflows(environment, config),
  ledger,
  executions,
  sealer: createSealer(sealing),
  personal: createSubjectKeys(sealing),
  blocks: createBlockList(state),
  startRate: createStartRate({ ...state, clock }),
  tokenUses: createTokenUses(state),
  providers,
  revocations: queues(environment).revocations,
  starter: createExecutionStarter({ sfn }),
  reader: createExecutionReader({ sfn }),
  fingerprint: (token, issuer) => issuedTokenFingerprint(token, issuer, keys.fingerprint),
  issuer: (name) => issuerOf(config, name),
  gateKey: keys.gateKey,
  verifier,
  log,
});

export const handler = countedRefusals(refusalCount(environment, log), handle);
