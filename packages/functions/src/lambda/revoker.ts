import { KMSClient } from "@aws-sdk/client-kms";
import { createBlockList } from "@countersign/aws/dynamodb/blocks";
import { createSealOpener } from "@countersign/aws/kms/seal";
import { boundedCalls } from "../composition/call-limits.ts";
import { identityProviders } from "../composition/identity.ts";
import { deployedConfig, setting } from "../composition/settings.ts";
import { clock, queues, stores } from "../composition/stores.ts";
import { createLogger } from "../logging/logger.ts";
import { revokerHandler } from "../revoker/handler.ts";

const environment = process.env;
const { state, ledger, ledgerReader, executions } = stores(environment);
const { deadLetters, delayOf } = queues(environment);
const { providers } = identityProviders(deployedConfig(environment));

export const handler = revokerHandler({
  clock,
  ledger,
  entries: ledgerReader,
  executions,
  seals: createSealOpener({
    ...state,
    kms: new KMSClient(boundedCalls()),
    keyId: setting(environment, "COUNTERSIGN_KMS_KEY_ID"),
  }),
  providers,
  denials: createBlockList(state),
  deadLetters,
  delay: delayOf.revocations,
  log: createLogger("revoker"),
});
