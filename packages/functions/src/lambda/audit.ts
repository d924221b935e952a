import { auditHandler } from "../audit/handler.ts";
import { tokenVerification } from "../composition/identity.ts";
import { deployedConfig } from "../composition/settings.ts";
import { clock, stores } from "../composition/stores.ts";
import { createLogger } from "../logging/logger.ts";

const environment = process.env;
const config = deployedConfig(environment);
const { verifier } = await tokenVerification(environment, config);

export const handler = auditHandler({
  clock,
  reader: stores(environment).ledgerReader,
  verifier,
  scopes: config.audit.scopes,
  log: createLogger("audit"),
});
