import { StartExecutionCommand } from "@aws-sdk/client-sfn";
import type { Entry } from "@countersign/core/entry/entry";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Embedded, startEmbedded } from "../support/embedded.ts";
import { Observer } from "../support/observer.ts";
import { shippingArn, withOrders } from "../support/orders.ts";

/** A claim that nothing proves is waited for a minute, and looked at again when its message is visible again. */
const forgeryTimeout = 240_000;

let embedded: Embedded;
let observer: Observer;
beforeAll(async () => {
  embedded = await startEmbedded({ change: withOrders });
  observer = new Observer(embedded.runtime.urls);
});
afterAll(async () => {
  observer.close();
  await embedded.close();
});

it(
  "an execution around the gate that claims a gated parent is nobody's, for its parent's history does not know it",
  async () => {
    const token = await embedded.caller.token("payments-app", "payout:start");
    const { body } = await embedded.caller.start(token, "orders", { address: "here", goesOn: true });
    const running = String(body["executionArn"]);
    const input = JSON.stringify({ AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: running, address: "here" });
    const { executionArn: forged = "" } = await embedded.sfn.send(
      new StartExecutionCommand({ stateMachineArn: shippingArn, input }),
    );
    const entries = await untilRecorded(forged);
    expect(entries.map(({ action }) => action).sort()).toEqual(["execution.started", "execution.succeeded"]);
    for (const entry of entries) {
      expect(entry).toMatchObject({ attribution: "none", workflow: "shipping" });
      const { subject, clientId, scopes, causedBy, parentExecution } = entry;
      expect([subject, clientId, scopes, causedBy, parentExecution]).toEqual(Array(5).fill(undefined));
    }
    expect((await observer.grant(running))?.state).toBe("active");
  },
  forgeryTimeout,
);

async function untilRecorded(executionArn: string): Promise<readonly Entry[]> {
  const deadline = Date.now() + forgeryTimeout - 10_000;
  for (;;) {
    const entries = await observer.entries(executionArn);
    if (entries.length >= 2 || Date.now() > deadline) return entries;
    await new Promise((done) => setTimeout(done, 1_000));
  }
}
