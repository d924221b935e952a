import { type Events, feed } from "./events.ts";
import { createFunction, type Foundation, tableSettings } from "./function.ts";
import { appendToLedger, consume, readSecrets, sendTo, useStates } from "./permissions.ts";

/** Takes grants back at their providers: the only function that opens seals. */
export function createRevoker(foundation: Foundation, events: Events) {
  const { ledger, identity } = foundation;
  const revoker = createFunction(foundation, "revoker", {
    description: "Revokes grant tokens and records what came of it",
    environment: {
      ...tableSettings(foundation),
      ...events.settings,
      COUNTERSIGN_KMS_KEY_ID: identity.sealKey.arn,
    },
    timeout: "30 seconds",
    permissions: [
      ...appendToLedger(ledger),
      ...useStates(ledger, {
        EXECUTION: ["GetItem", "PutItem"],
        SEAL: ["GetItem", "DeleteItem"],
        BLOCK: ["PutItem"],
      }),
      ...consume(events.revocations),
      ...sendTo(events.deadLetters),
      ...readSecrets(...identity.clientSecrets),
    ],
  });
  feed(events.revocations, revoker, 10);
  return revoker;
}
