import { countedRefusals } from "../api/counted-refusals.ts";
import { tokenVerification } from "../composition/identity.ts";
import { refusalCount } from "../composition/refusals.ts";
import { deployedConfig } from "../composition/settings.ts";
import { clock, queues, stores } from "../composition/stores.ts";
import { deadLettersHandler } from "../dead-letters/handler.ts";
import { createLogger } from "../logging/logger.ts";

const environment = process.env;
const log = createLogger("dead-letters");
const config = deployedConfig(environment);
const { verifier } = await tokenVerification(environment, config);

const handle = deadLettersHandler({
  clock,
  deadLetters: queues(environment).deadLetters,
  ledger: stores(environment).ledger,
  verifier,
  scopes: config.operations.scopes,
  log,
});

export const handler = countedRefusals(refusalCount(environment, log), handle);
