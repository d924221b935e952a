import { describe, expect, test } from "vitest";
import { type CrashPoint, Faults } from "../../test-support/faults.ts";
import { arnOf, grantWith, issuer, startDate, subject } from "../../test-support/fixtures.ts";
import { MemoryClock } from "../../test-support/memory-clock.ts";
import { MemoryExecutionStore } from "../../test-support/memory-execution-store.ts";
import { MemoryLedger } from "../../test-support/memory-ledger.ts";
import { MemoryDenyList } from "../../test-support/memory-limits.ts";
import { MemorySeals } from "../../test-support/memory-seals.ts";
import { onlyProvider, ScriptedProvider } from "../../test-support/scripted-provider.ts";
import { OAuthResponseError, RefusedError, UnavailableError } from "../error/errors.ts";
import type { Grant, GrantState } from "../execution/execution-state.ts";
import { expiryGraceMs, giveUpRevocation, type RevokeDeps, revokeGrant } from "./revoke-grant.ts";

const executionArn = arnOf("e");
const intent = grantWith({ state: "revoking", actors: [{ sub: "agent" }] });
const hint = { executionArn, grantId: intent.grantId };
const down = new UnavailableError("provider.unavailable", "no answer");

class RevokerWorld {
  readonly clock = new MemoryClock(startDate + 10_000);
  readonly ledger = new MemoryLedger(this.clock);
  readonly executions = new MemoryExecutionStore();
  readonly seals = new MemorySeals();
  readonly provider = new ScriptedProvider(subject, startDate);
  readonly denials = new MemoryDenyList();

  static async with(grant: Grant = intent, options: { isSealed: boolean } = { isSealed: true }) {
    const world = new RevokerWorld();
    await world.executions.put({
      executionArn,
      workflow: "payout",
      startDate,
      redriveCount: grant.redriveCount,
      status: "FAILED",
      attribution: "gate",
      grants: [grant],
      open: false,
      revision: 1,
    });
    const request = { subjectToken: "inbound", audience: "https://steps.example", scopes: ["payout:start"] };
    const { value } = await world.provider.exchange(request);
    if (options.isSealed) await world.seals.store({ ...grant, executionArn }, value);
    return world;
  }

  deps(faults = new Faults()): RevokeDeps {
    return {
      clock: this.clock,
      ledger: faults.watch("ledger", this.ledger),
      entries: faults.watch("entries", this.ledger),
      executions: faults.watch("executions", this.executions),
      seals: faults.watch("seals", this.seals),
      providers: onlyProvider(faults.watch("provider", this.provider), issuer),
      denials: faults.watch("denials", this.denials),
    };
  }

  revoke() {
    return revokeGrant(this.deps(), hint);
  }

  async revokeUnder(crashAt?: CrashPoint): Promise<Faults> {
    const faults = new Faults(crashAt);
    this.clock.advance(1_000);
    try {
      await revokeGrant(this.deps(faults), hint);
    } catch (error) {
      if (!faults.crashed) throw error;
    }
    return faults;
  }

  get state(): GrantState | undefined {
    return this.executions.peek(executionArn)?.grants[0]?.state;
  }

  outcome() {
    return { ledger: this.ledger.projections(), state: this.state };
  }
}

/** One that has been asked often enough already. */
async function withDeafProvider(): Promise<RevokerWorld> {
  const world = await RevokerWorld.with({ ...intent, revocation: { at: startDate, tries: 3 } });
  world.provider.ignoresRevocation = true;
  return world;
}

describe("a revocation", () => {
  test("that introspection verifies is recorded as requested, accepted and revoked", async () => {
    const world = await RevokerWorld.with();
    expect(await world.revoke()).toBe("revoked");
    expect(world.ledger.actions).toEqual([
      "token.revocation_requested",
      "token.revocation_accepted",
      "token.revoked",
    ]);
    expect(world.provider.revoked).toEqual(world.provider.issued);
    expect(world.state).toBe("revoked");
    expect(world.ledger.only("token.revoked")).toMatchObject({
      outcome: "success",
      source: "revoker",
      id: intent.grantId,
      subject,
      actors: [{ sub: "agent" }],
      clientId: "payments-app",
      workflow: "payout",
      executionArn,
      startDate,
      redriveCount: 0,
      fingerprint: intent.fingerprint,
      causedBy: world.ledger.only("token.revocation_accepted").entryId,
      detail: { evidence: "introspection" },
    });
    expect(world.ledger.only("token.revocation_requested").causedBy).toBe(intent.authorizedBy);
  });

  test("that the provider accepts and does not honour is exposure until the token expires", async () => {
    const world = await RevokerWorld.with();
    world.provider.ignoresRevocation = true;
    for (const _look of [1, 2, 3]) {
      await expect(world.revoke()).rejects.toMatchObject({ code: "provider.revocation_unconfirmed" });
      expect(world.state).toBe("revoking");
    }
    expect(await world.revoke()).toBe("exposed");
    expect(world.ledger.only("token.exposure_recorded")).toMatchObject({
      outcome: "failure",
      detail: { reason: "still_active", exposedUntil: intent.expiresAt },
    });
    expect(world.ledger.actions).not.toContain("token.revoked");
    expect(world.state).toBe("closed");
  });

  test("that introspection shows late is verified at a later look, and no exposure", async () => {
    const world = await RevokerWorld.with();
    world.provider.ignoresRevocation = true;
    await expect(world.revoke()).rejects.toBeInstanceOf(UnavailableError);
    world.provider.ignoresRevocation = false;
    expect(await world.revoke()).toBe("revoked");
    expect(world.ledger.actions).not.toContain("token.exposure_recorded");
  });

  test.each<[string, (world: RevokerWorld) => void, string, boolean]>([
    ["the caller's own", () => undefined, "inbound_only", false],
    [
      "one the provider revokes none of",
      ({ provider }) => {
        provider.revokesNothing = true;
      },
      "revocation_unsupported",
      true,
    ],
    [
      "one that only its signature speaks for",
      ({ provider }) => {
        provider.ignoresRevocation = true;
        provider.introspects = { evidence: "signature" };
      },
      "unverifiable",
      true,
    ],
    [
      "one that nobody can be asked about",
      ({ provider }) => {
        provider.introspectError = new RefusedError("provider.token_uncheckable", "no introspection");
      },
      "unverifiable",
      true,
    ],
  ])("of %s is exposure with its reason, and denied wherever we are asked", async (_kind, arrange, reason, denied) => {
    const grant = reason === "inbound_only" ? { ...intent, identityMode: "inbound_only" as const } : intent;
    const world = await RevokerWorld.with(grant);
    arrange(world);
    expect(await world.revoke()).toBe("exposed");
    expect(world.ledger.only("token.exposure_recorded")).toMatchObject({
      outcome: "failure",
      detail: { reason, exposedUntil: intent.expiresAt },
    });
    expect(world.ledger.actions).not.toContain("token.revoked");
    expect([...world.denials.denied]).toEqual(denied ? [[intent.fingerprint, intent.expiresAt]] : []);
    expect(world.state).toBe("closed");
  });

  test("without a seal is exposure, and asks the provider nothing", async () => {
    const world = await RevokerWorld.with(intent, { isSealed: false });
    expect(await world.revoke()).toBe("exposed");
    expect(world.ledger.only("token.exposure_recorded").detail).toEqual({
      reason: "no_seal",
      exposedUntil: intent.expiresAt,
    });
    expect(world.provider.revoked).toEqual([]);
  });

  test("of a token without a known expiry says no time of exposure", async () => {
    const { expiresAt: _expiresAt, ...unknown } = intent;
    const world = await RevokerWorld.with(unknown, { isSealed: false });
    await world.revoke();
    expect(world.ledger.only("token.exposure_recorded").detail).toEqual({ reason: "no_seal" });
  });

  test("of a token that a dead gate told the ledger alone of says all that was known of it", async () => {
    const { expiresAt, fingerprint, ...unknown } = intent;
    const world = await RevokerWorld.with(unknown);
    await world.ledger.append({
      action: "execution.authorized",
      outcome: "success",
      source: "gate",
      id: intent.grantId,
      occurredAt: startDate,
      executionArn,
      ...(expiresAt !== undefined && { expiresAt }),
      detail: { grantFingerprint: fingerprint ?? "" },
    });
    world.provider.revokesNothing = true;
    expect(await world.revoke()).toBe("exposed");
    expect(world.ledger.only("token.exposure_recorded")).toMatchObject({
      fingerprint,
      expiresAt,
      detail: { reason: "revocation_unsupported", exposedUntil: expiresAt },
    });
    expect([...world.denials.denied]).toEqual([[fingerprint, expiresAt]]);
  });

  test("after the token expired is recorded as that, not as revoked", async () => {
    const world = await RevokerWorld.with(
      grantWith({ state: "revoking", expiresAt: startDate + 10_000 - expiryGraceMs }),
    );
    expect(await world.revoke()).toBe("expired");
    expect(world.ledger.actions).toEqual(["token.revocation_requested", "token.expired"]);
    expect(world.state).toBe("expired");
    expect(world.provider.revoked).toEqual([]);
  });

  test("of a token that should have ended a moment ago is carried out all the same, for clocks differ", async () => {
    const world = await RevokerWorld.with(grantWith({ state: "revoking", expiresAt: startDate + 9_000 }));
    expect(await world.revoke()).toBe("revoked");
    expect(world.provider.revoked).toEqual(world.provider.issued);
  });

  test("of a token whose end nobody told is carried out, however late", async () => {
    const { expiresAt: _unknown, ...grant } = intent;
    const world = await RevokerWorld.with(grant);
    world.clock.advance(365 * 86_400_000);
    expect(await world.revoke()).toBe("revoked");
  });

  test("opens the seal of its own redrive", async () => {
    const world = await RevokerWorld.with(grantWith({ state: "revoking", redriveCount: 2 }));
    expect(await world.revoke()).toBe("revoked");
  });

  test("of an execution that never started has no startDate", async () => {
    const { startDate: _startDate, ...unstarted } = intent;
    const world = await RevokerWorld.with(unstarted);
    expect(await world.revoke()).toBe("revoked");
    expect(world.ledger.only("token.revoked")).not.toHaveProperty("startDate");
  });

  test.each([
    "authorizing",
    "active",
    "closed",
    "revoked",
    "expired",
    "blocked",
  ] as const)("of a grant that is %s does nothing, for no intent stands", async (state) => {
    const world = await RevokerWorld.with(grantWith({ state }));
    expect(await world.revoke()).toBe("nothing_to_do");
    expect(world.ledger.entries).toEqual([]);
    expect(world.provider.revoked).toEqual([]);
  });

  test("of a grant or an execution we don't know does nothing", async () => {
    const world = await RevokerWorld.with();
    expect(await revokeGrant(world.deps(), { ...hint, grantId: "another" })).toBe("nothing_to_do");
    expect(await revokeGrant(world.deps(), { ...hint, executionArn: arnOf("other") })).toBe("nothing_to_do");
  });

  test("leaves another grant of the execution alone", async () => {
    const world = await RevokerWorld.with();
    const other = grantWith({ grantId: "other", redriveCount: 1 });
    const state = world.executions.peek(executionArn);
    if (state) await world.executions.put({ ...state, grants: [...state.grants, other], revision: 2 });
    await world.revoke();
    expect(world.executions.peek(executionArn)?.grants.map((grant) => grant.state)).toEqual([
      "revoked",
      "active",
    ]);
  });

  test("leaves no token behind", async () => {
    const world = await RevokerWorld.with();
    await world.revoke();
    const [token = ""] = world.provider.issued;
    expect(JSON.stringify([world.ledger.entries, world.executions.text])).not.toContain(token);
  });
});

describe("a revocation that the provider keeps from its end", () => {
  test.each([
    ["is down", down],
    ["refuses our client", new OAuthResponseError("provider.client_refused", "invalid_client", "refused")],
  ])("because it %s leaves the intent, and ends at a later try", async (_name, error) => {
    const world = await RevokerWorld.with();
    world.provider.revokeError = error;
    await expect(world.revoke()).rejects.toBe(error);
    expect(world.state).toBe("revoking");
    expect(world.ledger.actions).toEqual(["token.revocation_requested"]);
    world.provider.revokeError = undefined;
    world.clock.advance(60_000);
    expect(await world.revoke()).toBe("revoked");
    expect(world.state).toBe("revoked");
  });

  test("at introspection is accepted, and not yet revoked", async () => {
    const world = await RevokerWorld.with();
    world.provider.introspectError = down;
    await expect(world.revoke()).rejects.toBe(down);
    expect(world.ledger.actions).toEqual(["token.revocation_requested", "token.revocation_accepted"]);
    expect(world.state).toBe("revoking");
  });

  test("until it is given up is recorded with reason and exposure, and the intent stands", async () => {
    const world = await RevokerWorld.with();
    await giveUpRevocation(world.deps(), hint, down, "message-1");
    expect(world.ledger.only("token.revocation_gave_up")).toMatchObject({
      outcome: "failure",
      id: "message-1",
      detail: { reason: "provider.unavailable", grantId: intent.grantId, exposedUntil: intent.expiresAt },
    });
    expect(world.state).toBe("revoking");
    await giveUpRevocation(world.deps(), hint, new Error("boom"), "message-1");
    await giveUpRevocation(world.deps(), hint, new Error("boom"), "message-2");
    expect(world.ledger.entries.map(({ id, detail }) => [id, detail?.["reason"]])).toEqual([
      ["message-1", "provider.unavailable"],
      ["message-2", "internal"],
    ]);
    expect(await world.revoke()).toBe("revoked");
  });

  test("is given up with what the gate alone had recorded of the token, for the sweeper to go by", async () => {
    const { expiresAt, fingerprint, ...known } = intent;
    const world = await RevokerWorld.with(known);
    await world.ledger.append({
      action: "execution.authorized",
      outcome: "success",
      source: "gate",
      id: intent.grantId,
      occurredAt: startDate,
      executionArn,
      ...(expiresAt !== undefined && { expiresAt }),
      detail: { grantFingerprint: fingerprint ?? "" },
    });
    await giveUpRevocation(world.deps(), hint, down, "message-1");
    expect(world.executions.peek(executionArn)?.grants[0]).toMatchObject({
      expiresAt,
      fingerprint,
      revocation: { gaveUp: true },
    });
  });

  test("is not given up once no intent stands", async () => {
    const world = await RevokerWorld.with(grantWith({ state: "revoked" }));
    await giveUpRevocation(world.deps(), hint, down, "message-1");
    expect(world.ledger.entries).toEqual([]);
  });
});

describe("a revoker that dies at any call, before or after it took effect", () => {
  const cases: [string, () => Promise<RevokerWorld>][] = [
    ["a verified revocation", () => RevokerWorld.with()],
    ["an exposure without a seal", () => RevokerWorld.with(intent, { isSealed: false })],
    ["an exposure of a token that lives on", withDeafProvider],
    [
      "an expiry",
      () => RevokerWorld.with(grantWith({ state: "revoking", expiresAt: startDate - expiryGraceMs })),
    ],
  ];

  test.each(
    cases,
  )("leaves %s as if it had not died, once the hint is delivered again", async (_name, fresh) => {
    const expected = await fresh();
    const { calls } = await expected.revokeUnder();
    expect(calls.length).toBeGreaterThan(4);
    for (const call of calls.keys()) {
      for (const persisted of [false, true]) {
        const world = await fresh();
        expect((await world.revokeUnder({ call, persisted })).crashed).toBe(true);
        await world.revokeUnder();
        expect(world.outcome()).toEqual(expected.outcome());
      }
    }
  });

  test("says requested before it asks the provider, and concludes last", async () => {
    const { calls } = await (await RevokerWorld.with()).revokeUnder();
    expect(calls).toEqual([
      "executions.get",
      "ledger.append",
      "seals.open",
      "provider.revoke",
      "ledger.append",
      "provider.introspect",
      "ledger.append",
      "executions.get",
      "executions.put",
    ]);
  });

  test("revokes once in the record when two hints are handled at the same time", async () => {
    const world = await RevokerWorld.with();
    await Promise.all([world.revoke(), world.revoke(), world.revoke()]);
    const expected = await RevokerWorld.with();
    await expected.revoke();
    expect(world.outcome()).toEqual(expected.outcome());
  });
});
