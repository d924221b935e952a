import { GetExecutionHistoryCommand, StartExecutionCommand } from "@aws-sdk/client-sfn";
import type { Entry } from "@countersign/core/entry/entry";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Embedded, startEmbedded } from "../support/embedded.ts";
import { eventually } from "../support/eventually.ts";
import { Observer } from "../support/observer.ts";
import { shippingArn, withOrders } from "../support/orders.ts";

let embedded: Embedded;
let observer: Observer;
let token: string;

beforeAll(async () => {
  embedded = await startEmbedded({ change: withOrders });
  observer = new Observer(embedded.runtime.urls);
  token = await embedded.caller.token("payments-app", "payout:start");
});
afterAll(async () => {
  observer.close();
  await embedded.close();
});

describe("an execution that a gated one starts", () => {
  it("is recorded as its child, with its subject, client and scopes", async () => {
    const parent = await start({ address: "here" });
    const authorized = await observer.untilEntry(parent, "execution.authorized");
    await observer.untilEntry(parent, "execution.succeeded");
    const child = await childOf(parent, "TaskSubmitted");
    await observer.untilEntry(child, "execution.succeeded");
    await observer.untilEntry(child, "execution.started");
    const entries = await observer.entries(child);
    expect(actionsOf(entries)).toEqual(["execution.started", "execution.succeeded"]);
    for (const entry of entries) expect(entry).toMatchObject(inherited(parent, authorized));
    expect(await observer.grant(child)).toBeUndefined();
  });

  it("is recorded so where its parent does not wait for it", async () => {
    const running = await start({ address: "here", goesOn: true });
    const child = await childOf(running, "TaskSucceeded");
    const authorized = await observer.untilEntry(running, "execution.authorized");
    expect(await observer.untilEntry(child, "execution.started")).toMatchObject(
      inherited(running, authorized),
    );
  });

  it("and that fails it is recorded as its child, and it is the parent's grant that is revoked", async () => {
    const parent = await start({ address: "nowhere" });
    await observer.untilGrant(parent, "revoked");
    const child = await childOf(parent, "TaskSubmitted");
    expect(await observer.untilEntry(child, "execution.failed")).toMatchObject({
      attribution: "child",
      parentExecution: parent,
      subject: subject(),
      error: { name: "Shipping.NoAddress" },
    });
    expect(actionsOf(await observer.entries(child)).filter((action) => action.startsWith("token."))).toEqual(
      [],
    );
  });
});

describe("an execution around the gate that claims a parent", () => {
  it("does not make a claim on an ungated one wait", async () => {
    const other = await startAround({ address: "here" });
    const claiming = await startAround({
      AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: other,
      address: "here",
    });
    expect((await observer.untilEntry(claiming, "execution.succeeded")).attribution).toBe("none");
  });
});

async function start(input: object): Promise<string> {
  const { status, body } = await embedded.caller.start(token, "orders", input);
  expect([status, body["detail"]]).toEqual([201, undefined]);
  return String(body["executionArn"]);
}

async function startAround(input: object): Promise<string> {
  const { executionArn = "" } = await embedded.sfn.send(
    new StartExecutionCommand({ stateMachineArn: shippingArn, input: JSON.stringify(input) }),
  );
  return executionArn;
}

/** The child as its parent's history names it. */
function childOf(executionArn: string, type: "TaskSubmitted" | "TaskSucceeded"): Promise<string> {
  return eventually(`${type} of ${executionArn}`, async () => {
    const { events = [] } = await embedded.sfn.send(new GetExecutionHistoryCommand({ executionArn }));
    const found = events.find((event) => event.type === type);
    const output = (found?.taskSubmittedEventDetails ?? found?.taskSucceededEventDetails)?.output;
    return output === undefined ? undefined : String(JSON.parse(output).ExecutionArn);
  });
}

function inherited(parent: string, authorized: Entry) {
  return {
    attribution: "child",
    parentExecution: parent,
    subject: subject(),
    clientId: "payments-app",
    scopes: ["payout:start"],
    causedBy: authorized.entryId,
    workflow: "shipping",
  };
}

function subject() {
  return { iss: embedded.runtime.urls.issuer, sub: "payments-app" };
}

function actionsOf(entries: readonly Entry[]): string[] {
  return entries.map(({ action }) => action).sort();
}
