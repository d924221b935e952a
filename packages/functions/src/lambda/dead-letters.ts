import { tokenVerification } from "../composition/identity.ts";
import { deployedConfig } from "../composition/settings.ts";
import { clock, queues, stores } from "../composition/stores.ts";
import { deadLettersHandler } from "../dead-letters/handler.ts";
import { createLogger } from "../logging/logger.ts";

const environment = process.env;
const config = deployedConfig(environment);
const { verifier } = await tokenVerification(environment, config);

export const handler = deadLettersHandler({
  clock,
  deadLetters: queues(environment).deadLetters,
  ledger: stores(environment).ledger,
  verifier,
  scopes: config.operations.scopes,
  log: createLogger("dead-letters"),
});
