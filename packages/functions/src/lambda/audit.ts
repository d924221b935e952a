import { countedRefusals } from "../api/counted-refusals.ts";
import { auditHandler } from "../audit/handler.ts";
import { tokenVerification } from "../composition/identity.ts";
import { refusalCount } from "../composition/refusals.ts";
import { deployedConfig } from "../composition/settings.ts";
import { clock, stores } from "../composition/stores.ts";
import { createLogger } from "../logging/logger.ts";

const environment = process.env;
const log = createLogger("audit");
const config = deployedConfig(environment);
const { verifier, pseudonyms } = await tokenVerification(environment, config);

const { ledger, ledgerReader } = stores(environment);

const handle = auditHandler({
  clock,
  reader: ledgerReader,
  ledger,
  verifier,
  pseudonyms,
  scopes: config.audit.scopes,
  log,
});

export const handler = countedRefusals(refusalCount(environment, log), handle);
