import { createEvents } from "./events.ts";
import { createExample } from "./example.ts";
import { fenceOf } from "./fence.ts";
import { trustServicesAlone } from "./function.ts";
import { createGate } from "./gate.ts";
import { createIdentity } from "./identity.ts";
import { createLedger } from "./ledger.ts";
import { createLogs } from "./logs.ts";
import { createObservability } from "./observability.ts";
import { loadRegistry } from "./registry.ts";
import { createRevoker } from "./revoker.ts";
import { createSchedules } from "./schedules.ts";
import { currentStage } from "./stage.ts";

/** Everything a stage has, in the order it depends on each other. */
export async function deploy() {
  const stage = await currentStage();
  const registry = loadRegistry(stage);
  trustServicesAlone();

  const logs = createLogs(stage);
  const ledger = createLedger(stage);
  const identity = createIdentity(stage, registry);
  const foundation = { stage, registry, logs, ledger, identity };

  if (stage.options.example) createExample(foundation);
  const events = createEvents(foundation);
  const revoker = createRevoker(foundation, events);
  const schedules = createSchedules(foundation, events);
  const gate = createGate(foundation, events);
  const topic = createObservability(foundation, { events, revoker, schedules, gate });

  return {
    url: gate.url,
    alarms: topic.arn,
    ledgerTable: ledger.entries.name,
    stateTable: ledger.states.name,
    gateKeysSecret: identity.keysSecret.name,
    clientSecrets: identity.createdSecretNames,
    deadLettersQueue: events.deadLetters.url,
    undeliveredEventsQueue: events.undelivered.url,
    ...fenceOf(stage, registry),
  };
}
