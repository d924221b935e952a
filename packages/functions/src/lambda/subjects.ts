import { countedRefusals } from "../api/counted-refusals.ts";
import { tokenVerification } from "../composition/identity.ts";
import { refusalCount } from "../composition/refusals.ts";
import { deployedConfig } from "../composition/settings.ts";
import { clock, stores } from "../composition/stores.ts";
import { erasing, subjectFinder } from "../composition/subjects.ts";
import { createLogger } from "../logging/logger.ts";
import { subjectsHandler } from "../subjects/handler.ts";

const environment = process.env;
const log = createLogger("subjects");
const config = deployedConfig(environment);
const { verifier, keys } = await tokenVerification(environment, config);

const handle = subjectsHandler({
  clock,
  finder: subjectFinder(environment, keys.gateKey),
  ...erasing(environment),
  ledger: stores(environment).ledger,
  subjects: config.subjects,
  verifier,
  scopes: config.operations.scopes,
  log,
});

export const handler = countedRefusals(refusalCount(environment, log), handle);
