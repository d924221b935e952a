import { describe, expect, test } from "vitest";
import { arnOf, startDate, statusEventWith, subject, tokenWith } from "../../test-support/fixtures.ts";
import { GateWorld } from "../../test-support/gate-world.ts";
import {
  IntegrityError,
  OAuthResponseError,
  OutcomeUnknownError,
  RefusedError,
  UnavailableError,
} from "../error/errors.ts";
import { executionArnOf } from "../execution/step-functions.ts";
import { recordStatusEvent } from "../recorder/record-status-event.ts";
import { parseStatusEvent } from "../status-event/status-event.ts";
import { executionName } from "./execution-name.ts";
import { startDeadlineMs } from "./start-deadline.ts";
import type { StartDeps } from "./start-execution.ts";

const down = new UnavailableError("store.unavailable", "throttled");
const fails = async (): Promise<never> => Promise.reject(down);

async function recordEvent(world: GateWorld, status: string): Promise<void> {
  const { workflows, clock, ledger, executions, revocations } = world.deps();
  const event = statusEventWith({
    executionArn: world.executions.arns[0] ?? arnOf("none"),
    status,
    startDate: world.stepFunctions.startDate,
    input: world.stepFunctions.inputs.at(-1) ?? "{}",
  });
  const reader = world.stepFunctions;
  await recordStatusEvent(
    { workflows, clock, ledger, executions, revocations, reader },
    parseStatusEvent(event),
  );
}

describe("a start over the rate", () => {
  test("leaves no state, asks the provider nothing, and is an entry", async () => {
    const world = new GateWorld({ limits: { startsPerMinute: 1 } });
    await world.start();
    await expect(world.start({ idempotencyKey: "key-2" })).rejects.toMatchObject({
      code: "policy.start_rate_exceeded",
      retryAfterSeconds: 30,
    });
    expect(world.executions.arns).toHaveLength(1);
    expect(world.provider.issued).toHaveLength(1);
    expect(world.ledger.only("execution.denied").error?.code).toBe("policy.start_rate_exceeded");
  });

  test("is not counted, nor is a request that was answered before", async () => {
    const world = new GateWorld({ limits: { startsPerMinute: 2, startsPerMinuteOfSubject: 1 } });
    await world.start();
    for (const _again of [1, 2, 3]) expect(await world.start()).toMatchObject({ created: false });
    for (const idempotencyKey of ["key-2", "key-3"]) {
      await expect(world.start({ idempotencyKey })).rejects.toMatchObject({
        code: "policy.start_rate_exceeded",
      });
    }
    const other = tokenWith({ subject: { ...subject, sub: "grace" } });
    world.provider.introspects = { subject: other.subject };
    expect(await world.start({ token: other })).toMatchObject({ created: true });
  });

  test("is not started where the rate can't be read", async () => {
    const world = new GateWorld({ limits: { startsPerMinute: 1 } });
    await expect(world.start({}, { startRate: { take: fails } })).rejects.toBe(down);
    expect(world.executions.arns).toEqual([]);
    expect(world.ledger.entries).toEqual([]);
  });
});

describe("an exchange", () => {
  test("that the provider refuses leaves no state, and is an entry", async () => {
    const world = new GateWorld();
    world.provider.exchangeError = new OAuthResponseError(
      "provider.exchange_refused",
      "access_denied",
      "refused",
    );
    await expect(world.start()).rejects.toBe(world.provider.exchangeError);
    expect(world.executions.arns).toEqual([]);
    expect(world.ledger.only("execution.denied").error).toEqual({
      name: "OAuthResponseError",
      code: "provider.exchange_refused",
    });
    expect(world.stepFunctions.inputs).toEqual([]);
  });

  test("refused for our own client's sake is nobody's denial, and leaves no state", async () => {
    const world = new GateWorld();
    world.provider.exchangeError = new OAuthResponseError(
      "provider.client_refused",
      "invalid_client",
      "refused",
    );
    await expect(world.start()).rejects.toBe(world.provider.exchangeError);
    expect(world.executions.arns).toEqual([]);
    expect(world.ledger.entries).toEqual([]);
  });

  test("whose answer was lost leaves the intent, for a token may exist", async () => {
    const world = new GateWorld();
    world.provider.exchangeError = new OutcomeUnknownError("provider.unavailable", "no answer");
    await expect(world.start()).rejects.toBe(world.provider.exchangeError);
    expect(world.state).toMatchObject({ open: true, grants: [{ state: "authorizing" }] });
    expect(world.stepFunctions.inputs).toEqual([]);
    await expect(world.start()).rejects.toMatchObject({ code: "execution.start_unresolved" });
  });
});

/** What must have become of a start that is known not to have happened. */
async function expectAbandoned(
  world: GateWorld,
  error: { name: string; code: string },
  grantToken: "revoked" | "revocation_pending" = "revocation_pending",
): Promise<void> {
  expect(world.stepFunctions.executions.size).toBe(0);
  const grantState = grantToken === "revoked" ? "revoked" : "revoking";
  expect(world.state).toMatchObject({ open: false, grants: [{ state: grantState }] });
  expect(world.ledger.only("execution.abandoned")).toMatchObject({
    outcome: "failure",
    id: world.state?.grants[0]?.grantId,
    causedBy: world.state?.grants[0]?.authorizedBy,
    subject,
    error,
    detail: { grantToken },
  });
  await world.revoke();
  expect(world.provider.revoked).toEqual(world.provider.issued);
  expect(world.state).toMatchObject({ open: false, grants: [{ state: "revoked" }] });
}

describe("a grant token", () => {
  test.each<[string, GateWorld["provider"]["introspects"]]>([
    ["active", { active: false }],
    ["sub", { subject: { iss: subject.iss, sub: "eve" } }],
    ["sub", { subject: { iss: "https://other.example", sub: subject.sub } }],
    ["sub", { subject: undefined }],
    ["aud", { audiences: ["https://gate.example"] }],
    ["scope", { scopes: ["payout:start", "payout:admin"] }],
    ["scope", { scopes: [] }],
    ["act", { actors: [] }],
  ])("of another %s than asked is revoked, and nothing is started", async (field, introspects) => {
    const world = new GateWorld();
    world.provider.introspects = introspects;
    await expect(world.start()).rejects.toMatchObject({ code: "provider.grant_mismatch", field });
    await expectAbandoned(world, { name: "RefusedError", code: "provider.grant_mismatch" });
  });

  test("that says it has more scopes than asked is revoked, whatever introspection says", async () => {
    const world = new GateWorld();
    world.provider.issues = { scopes: ["payout:start", "payout:admin"] };
    await expect(world.start()).rejects.toMatchObject({ code: "provider.grant_mismatch", field: "scope" });
    await expectAbandoned(world, { name: "RefusedError", code: "provider.grant_mismatch" });
  });

  test("with the scopes in another order, or one of them twice, is what was asked", async () => {
    const world = new GateWorld({ start: { scopes: ["payout:start"] }, grant: { scopes: ["payout:start"] } });
    world.provider.issues = { scopes: ["payout:start", "payout:start"] };
    expect(await world.start()).toMatchObject({ created: true });
  });

  test("that can't be looked at is revoked, and nothing is started", async () => {
    const world = new GateWorld();
    world.provider.introspectError = new UnavailableError("provider.unavailable", "no answer");
    await expect(world.start()).rejects.toBe(world.provider.introspectError);
    world.provider.introspectError = undefined;
    await expectAbandoned(world, { name: "UnavailableError", code: "provider.unavailable" });
  });
});

describe("a start that fails before Step Functions is asked", () => {
  test.each([
    "subject",
    "clientId",
    "workflow",
    "fingerprint",
  ] as const)("for a blocked %s is abandoned and denied", async (blocked) => {
    const world = new GateWorld();
    world.blocks.blocked = blocked;
    await expect(world.start()).rejects.toMatchObject({ code: "policy.subject_blocked", field: blocked });
    await expectAbandoned(world, { name: "RefusedError", code: "policy.subject_blocked" });
    expect(world.ledger.only("execution.denied").error?.code).toBe("policy.subject_blocked");
  });

  test("for want of the seal takes its token back while it is at hand", async () => {
    const world = new GateWorld();
    const sealer = { prepare: () => ({ store: fails }) };
    await expect(world.start({}, { sealer })).rejects.toBe(down);
    await expectAbandoned(world, { name: "UnavailableError", code: "store.unavailable" }, "revoked");
  });

  test("for want of the seal is not called revoked when the token lives on", async () => {
    const world = new GateWorld();
    world.provider.ignoresRevocation = true;
    const sealer = { prepare: () => ({ store: fails }) };
    await expect(world.start({}, { sealer })).rejects.toBe(down);
    expect(world.ledger.only("execution.abandoned").detail).toEqual({ grantToken: "revocation_pending" });
    await world.revoke();
    expect(world.ledger.only("token.exposure_recorded").detail).toMatchObject({ reason: "no_seal" });
  });

  test("for want of the seal and the provider leaves the intent to revoke", async () => {
    const world = new GateWorld();
    world.provider.revokeError = new UnavailableError("provider.unavailable", "no answer");
    const sealer = { prepare: () => ({ store: fails }) };
    await expect(world.start({}, { sealer })).rejects.toBe(down);
    expect(world.state).toMatchObject({ open: false, grants: [{ state: "revoking" }] });
    await world.revoke();
    expect(world.ledger.only("token.exposure_recorded").detail).toMatchObject({ reason: "no_seal" });
  });

  test.each<[string, (world: GateWorld) => Partial<StartDeps>]>([
    ["the block list", () => ({ blocks: { find: fails } })],
    ["the personal data's key", () => ({ personal: { encrypt: fails } })],
  ])("for want of %s is abandoned", async (_name, broken) => {
    const world = new GateWorld();
    await expect(world.start({}, broken(world))).rejects.toBe(down);
    await expectAbandoned(world, { name: "UnavailableError", code: "store.unavailable" });
  });

  test("for want of the ledger is never asked for, and its token is to be revoked", async () => {
    const world = new GateWorld();
    await expect(world.start({}, { ledger: { append: fails } })).rejects.toBe(down);
    expect(world.stepFunctions.inputs).toEqual([]);
    // Open until the ledger takes the entry of its end.
    expect(world.state).toMatchObject({ open: true, grants: [{ state: "revoking" }] });
    await world.revoke();
    expect(world.provider.revoked).toEqual(world.provider.issued);
  });

  test("for a fact that stands with other content is an integrity error", async () => {
    const world = new GateWorld();
    const conflict = new IntegrityError("ledger.fact_conflict", "other content");
    let appends = 0;
    const ledger = {
      append: (fields: Parameters<typeof world.ledger.append>[0]) =>
        appends++ === 0 ? Promise.reject(conflict) : world.ledger.append(fields),
    };
    await expect(world.start({}, { ledger })).rejects.toBe(conflict);
    await expectAbandoned(world, { name: "IntegrityError", code: "ledger.fact_conflict" });
  });

  test("for having taken longer than a sweeper waits is never asked for", async () => {
    const world = new GateWorld();
    const blocks = {
      find: async () => {
        world.clock.advance(startDeadlineMs + 1);
        return undefined;
      },
    };
    await expect(world.start({}, { blocks })).rejects.toMatchObject({ code: "store.unavailable" });
    expect(world.stepFunctions.inputs).toEqual([]);
    await expectAbandoned(world, { name: "UnavailableError", code: "store.unavailable" });
  });

  test("is not taken back twice: its grant is refused from the moment of the first error", async () => {
    const world = new GateWorld();
    world.blocks.blocked = "subject";
    await expect(world.start()).rejects.toMatchObject({ code: "policy.subject_blocked" });
    const { executionArn, grants } = world.state ?? {};
    expect(world.revocations.hints).toEqual([{ executionArn, grantId: grants?.[0]?.grantId }]);
    expect(world.stepFunctions.executions.size).toBe(0);
  });

  test("may be made again under the same key once its token is dead, and not before", async () => {
    const world = new GateWorld();
    world.blocks.blocked = "subject";
    await expect(world.start()).rejects.toMatchObject({ code: "policy.subject_blocked" });
    world.blocks.blocked = undefined;
    await expect(world.start()).rejects.toMatchObject({ code: "execution.start_unresolved" });
    await world.revoke();
    expect(await world.start()).toMatchObject({ created: true });
    expect(world.state).toMatchObject({ open: true, grants: [{ state: "active" }] });
    expect(await world.start()).toMatchObject({ created: false });
    expect(world.stepFunctions.executions.size).toBe(1);
  });
});

describe("a start that Step Functions", () => {
  test("refuses is abandoned", async () => {
    const world = new GateWorld();
    const refused = new RefusedError("execution.start_refused", "no such state machine");
    await expect(world.start({}, { starter: { start: async () => Promise.reject(refused) } })).rejects.toBe(
      refused,
    );
    await expectAbandoned(world, { name: "RefusedError", code: "execution.start_refused" });
  });

  test("knows under this name from elsewhere is refused, reported, and abandoned", async () => {
    const world = new GateWorld();
    const { gateKey, workflows } = world.deps();
    const source = { subject, clientId: "payments-app", workflow: "payout", idempotencyKey: "key-1" };
    const machine = workflows.get("payout")?.stateMachineArn ?? "";
    const executionArn = executionArnOf(machine, executionName(source, gateKey));
    world.stepFunctions.add({ executionArn, input: '{"amount":1}' });
    await expect(world.start()).rejects.toMatchObject({ code: "execution.name_taken" });
    expect(world.state).toMatchObject({ open: false, grants: [{ state: "revoking" }] });
    expect(world.ledger.only("execution.abandoned").error?.code).toBe("execution.name_taken");
    expect(world.ledger.only("finding.raised")).toMatchObject({
      executionArn,
      subject,
      detail: { finding: "execution.name_taken", startedAt: world.stepFunctions.startDate },
    });
    // What runs under the name is not put down to the caller.
    await world.revoke();
    await recordEvent(world, "RUNNING");
    expect(world.ledger.only("execution.started")).toMatchObject({ attribution: "none" });
    expect(world.ledger.only("execution.started")).not.toHaveProperty("subject");
  });

  test("knows under this name with our own input, though it has ended, has started it", async () => {
    const world = new GateWorld();
    const starter: StartDeps["starter"] = {
      start: async (request) => {
        await world.stepFunctions.start(request);
        return { started: false, reason: "exists" };
      },
    };
    expect(await world.start({}, { starter })).toMatchObject({
      created: true,
      startDate: world.stepFunctions.startDate,
    });
  });

  test("did not answer leaves entry, seal and intent, and revokes nothing", async () => {
    const world = new GateWorld();
    const lost = new OutcomeUnknownError("store.unavailable", "the answer was lost");
    await expect(world.start({}, { starter: { start: async () => Promise.reject(lost) } })).rejects.toBe(
      lost,
    );
    expect(world.state).toMatchObject({ open: true, grants: [{ state: "authorizing" }] });
    expect(world.ledger.actions).toEqual(["execution.authorized"]);
    expect(world.seals.size).toBe(1);
    expect(world.provider.revoked).toEqual([]);
  });

  test.each([
    ["by its event", true],
    ["by a look at what stands under the name", false],
  ])("started, though the answer was lost, is found %s and answered to the next try", async (_how, hasEvent) => {
    const world = new GateWorld();
    const lost = new OutcomeUnknownError("store.unavailable", "the answer was lost");
    const starter: StartDeps["starter"] = {
      start: async (request) => {
        await world.stepFunctions.start(request);
        throw lost;
      },
    };
    await expect(world.start({}, { starter })).rejects.toBe(lost);
    if (hasEvent) await recordEvent(world, "RUNNING");
    expect(await world.start()).toMatchObject({ created: false, startDate: world.stepFunctions.startDate });
    expect(world.stepFunctions.inputs).toHaveLength(1);
    expect(world.state).toMatchObject({ open: true, status: "RUNNING", grants: [{ state: "active" }] });
  });
});

describe("a started execution", () => {
  test("whose failure came before the gate could say it was active stays to be revoked", async () => {
    const world = new GateWorld();
    const starter: StartDeps["starter"] = {
      start: async (request) => {
        const outcome = await world.stepFunctions.start(request);
        await recordEvent(world, "FAILED");
        return outcome;
      },
    };
    expect(await world.start({}, { starter })).toMatchObject({ created: true });
    expect(world.state).toMatchObject({
      open: false,
      status: "FAILED",
      grants: [{ state: "revoking", expiresAt: startDate + 3_600_000, fingerprint: expect.any(String) }],
    });
    expect(world.revocations.hints).toHaveLength(1);
    expect(world.ledger.only("execution.failed").attribution).toBe("gate");
  });

  test("whose RUNNING came first gets what the gate alone knows", async () => {
    const world = new GateWorld();
    const starter: StartDeps["starter"] = {
      start: async (request) => {
        const outcome = await world.stepFunctions.start(request);
        await recordEvent(world, "RUNNING");
        return outcome;
      },
    };
    await world.start({}, { starter });
    expect(world.state?.grants).toMatchObject([{ state: "active", expiresAt: startDate + 3_600_000 }]);
  });

  test("is never abandoned for want of the store: its event moves the state", async () => {
    const world = new GateWorld();
    let puts = 0;
    const executions: StartDeps["executions"] = {
      get: (arn) => world.executions.get(arn),
      put: (next) => (puts++ === 0 ? world.executions.put(next) : fails()),
      remove: fails,
    };
    expect(await world.start({}, { executions })).toMatchObject({ created: true });
    expect(world.ledger.actions).toEqual(["execution.authorized"]);
    expect(world.provider.revoked).toEqual([]);
    await recordEvent(world, "RUNNING");
    expect(world.state).toMatchObject({ open: true, grants: [{ state: "active" }] });
  });
});

describe("a gate that dies at any call, before or after it took effect", () => {
  test("never leaves a start without its entry, nor an exchange without its intent", async () => {
    const { calls } = await new GateWorld({ limits: { startsPerMinute: 9 } }).startUnder();
    for (const call of calls.keys()) {
      for (const persisted of [false, true]) {
        const world = new GateWorld({ limits: { startsPerMinute: 9 } });
        const { crashed } = await world.startUnder({ call, persisted });
        expect(crashed).toBe(true);
        if (world.provider.issued.length > 0) expect(world.executions.arns).toHaveLength(1);
        if (world.stepFunctions.inputs.length > 0) {
          expect(world.ledger.actions).toEqual(["execution.authorized"]);
          expect(world.seals.size).toBe(1);
        }
      }
    }
  });

  test("leaves a state that the execution's own events bring to its end", async () => {
    const { calls } = await new GateWorld().startUnder();
    for (const persisted of [false, true]) {
      for (const call of [calls.indexOf("starter.start"), calls.length - 1]) {
        const world = new GateWorld();
        await world.startUnder({ call, persisted });
        if (world.stepFunctions.inputs.length === 0) continue;
        await recordEvent(world, "FAILED");
        expect(world.state).toMatchObject({ open: false, grants: [{ state: "revoking" }] });
        expect(world.revocations.hints).toHaveLength(1);
      }
    }
  });
});
