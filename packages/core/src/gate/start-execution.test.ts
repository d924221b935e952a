import { describe, expect, test } from "vitest";
import { payoutWith, startDate, subject, tokenWith } from "../../test-support/fixtures.ts";
import { GateWorld } from "../../test-support/gate-world.ts";
import { RefusedError } from "../error/errors.ts";

describe("a start", () => {
  test("writes intent, exchanges, seals and records, starts, and then says so", async () => {
    const world = new GateWorld({ limits: { startsPerMinute: 10 } });
    const { calls } = await world.startUnder();
    const at = (name: string) => calls.indexOf(name);
    expect(at("provider.exchange")).toBeGreaterThan(at("executions.put"));
    expect(at("provider.exchange")).toBeGreaterThan(at("rate.take"));
    for (const name of ["seal.store", "ledger.append", "blocks.find", "provider.introspect"]) {
      expect(at(name)).toBeGreaterThan(at("provider.exchange"));
      expect(at(name)).toBeLessThan(at("starter.start"));
    }
    expect(calls.slice(at("starter.start"))).toEqual(["starter.start", "executions.put"]);
  });

  test("is not asked for before entry and seal are durable and every look is over", async () => {
    for (const slow of ["seal.store", "ledger.append", "blocks.find", "provider.introspect"]) {
      const { ended } = await new GateWorld().startUnder(undefined, slow);
      expect(ended).toContain(slow);
      expect(ended.indexOf(slow)).toBeLessThan(ended.indexOf("starter.start"));
    }
  });

  test("answers with the execution and its active grant", async () => {
    const world = new GateWorld({ roles: { app: { scopes: ["payout:start"] } } });
    const started = await world.start();
    expect(started).toMatchObject({
      created: true,
      startDate: world.stepFunctions.startDate,
      grant: { state: "active", subject, role: "app", scopes: ["payout:start"], identityMode: "exchanged" },
    });
    expect(world.state).toMatchObject({
      executionArn: started.executionArn,
      open: true,
      status: "RUNNING",
      grants: [
        { state: "active", startDate: world.stepFunctions.startDate, expiresAt: startDate + 3_600_000 },
      ],
    });
    expect(world.seals.expiries).toEqual([startDate + 3_600_000]);
    expect(world.revocations.hints).toEqual([]);
  });

  test("is recorded with who asked, what was allowed, and the id the grant names", async () => {
    const world = new GateWorld({ agents: { allow: true } });
    const actors = [{ sub: "billing-agent" }];
    const { grant, executionArn } = await world.start({ token: tokenWith({ actors }) });
    const entry = world.ledger.only("execution.authorized");
    expect(world.ledger.actions).toEqual(["execution.authorized"]);
    expect(entry).toMatchObject({
      entryId: grant.authorizedBy,
      id: grant.grantId,
      outcome: "success",
      attribution: "gate",
      subject,
      actors,
      clientId: "payments-app",
      scopes: ["payout:start"],
      policyVersion: payoutWith({ agents: { allow: true } }).policyVersion,
      workflow: "payout",
      executionArn,
      claims: { tenant: "acme" },
      fingerprint: "v1.k1.inbound",
      detail: { grantFingerprint: grant.fingerprint },
    });
    expect(entry).not.toHaveProperty("startDate");
  });

  test("keeps personal data only encrypted", async () => {
    const world = new GateWorld();
    await world.start();
    expect(world.personal.seen[0]?.data).toEqual({
      sourceIp: "192.0.2.7",
      userAgent: "test/1",
      claims: { email: "ada@example.com" },
    });
    expect(world.ledger.only("execution.authorized").personal?.ciphertext).toBeTruthy();
    for (const personal of ["192.0.2.7", "test/1", "ada@example.com"])
      expect(world.text).not.toContain(personal);
  });

  test("leaves no token in ledger, state, hints or input, however it ends", async () => {
    const worlds = [new GateWorld(), new GateWorld(), new GateWorld()];
    const [, blocked, mismatched] = worlds;
    if (blocked) blocked.blocks.blocked = "subject";
    if (mismatched) mismatched.provider.introspects = { audiences: ["https://other.example"] };
    for (const world of worlds) {
      await world.start().catch(() => undefined);
      expect(world.secrets.length).toBeGreaterThan(1);
      for (const secret of world.secrets) expect(world.text).not.toContain(secret);
    }
  });

  test("gives Step Functions the caller's input and who it is for", async () => {
    const world = new GateWorld();
    const { grant } = await world.start();
    expect(JSON.parse(world.stepFunctions.inputs[0] ?? "")).toEqual({
      amount: 1,
      countersign: {
        grantId: grant.grantId,
        workflow: "payout",
        subject,
        clientId: "payments-app",
        scopes: ["payout:start"],
      },
    });
  });

  test.each([
    ["introspection's, where the answer states no lifetime", undefined, startDate + 7_200_000],
    ["introspection's, where that is later", startDate + 60_000, startDate + 7_200_000],
    ["the answer's, where that is later", startDate + 9_000_000, startDate + 9_000_000],
  ])("has a grant that ends with %s: never with the caller's own token", async (_whose, answered, end) => {
    const world = new GateWorld();
    world.provider.issues = { expiresAt: answered };
    world.provider.introspects = { expiresAt: startDate + 7_200_000 };
    expect((await world.start()).grant.expiresAt).toBe(end);
    expect(world.state?.grants[0]?.expiresAt).toBe(end);
  });

  test("has a grant of no known end where nobody states one", async () => {
    const world = new GateWorld();
    world.provider.issues = { expiresAt: undefined };
    world.provider.introspects = { expiresAt: undefined };
    expect((await world.start()).grant).not.toHaveProperty("expiresAt");
    expect(world.ledger.only("execution.authorized")).not.toHaveProperty("expiresAt");
  });

  test("without an Idempotency-Key is a new execution each time", async () => {
    const world = new GateWorld();
    const first = await world.start({ idempotencyKey: undefined });
    const second = await world.start({ idempotencyKey: undefined });
    expect(second.executionArn).not.toBe(first.executionArn);
    expect(second.created).toBe(true);
  });
});

describe("a start with an Idempotency-Key that was used", () => {
  test("for the same request answers with the same execution, even when the rate is used up", async () => {
    const world = new GateWorld({ limits: { startsPerMinute: 1 } });
    const first = await world.start();
    const again = await world.start();
    expect(again).toEqual({ ...first, created: false });
    expect(world.stepFunctions.inputs).toHaveLength(1);
    expect(world.provider.issued).toHaveLength(1);
    expect(world.ledger.actions).toEqual(["execution.authorized"]);
  });

  test("for the same request at the same time starts once", async () => {
    const world = new GateWorld();
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => world.start()));
    const unresolved = all.filter(({ status }) => status === "rejected");
    expect(all.filter((one) => one.status === "fulfilled" && one.value.created)).toHaveLength(1);
    for (const one of unresolved) {
      expect(one).toMatchObject({ reason: { code: "execution.start_unresolved", retryAfterSeconds: 5 } });
    }
    expect(world.stepFunctions.inputs).toHaveLength(1);
  });

  test.each([
    ["input", { input: { amount: 2 } }],
    ["member in the input", { input: { b: 1, amount: 1 } }],
  ])("for another %s is a conflict, and an entry", async (_name, change) => {
    const world = new GateWorld();
    await world.start();
    await expect(world.start(change)).rejects.toMatchObject({
      code: "execution.conflict",
      field: "Idempotency-Key",
    });
    expect(world.ledger.only("execution.denied").error?.code).toBe("execution.conflict");
    expect(world.stepFunctions.inputs).toHaveLength(1);
  });

  test("by another subject or client is another execution", async () => {
    const world = new GateWorld();
    const first = await world.start();
    const second = await world.start({ token: tokenWith({ clientId: "other-app" }) });
    expect(second).toMatchObject({ created: true });
    expect(second.executionArn).not.toBe(first.executionArn);
  });
});

describe("a refusal before anything is written", () => {
  test.each([
    ["a missing scope", { token: tokenWith({ scopes: ["other"] }) }, "policy.scope_insufficient"],
    ["an agent", { token: tokenWith({ actors: [{ sub: "agent" }] }) }, "policy.agent_refused"],
    ["an input that is no object", { input: [] }, "request.malformed"],
    ["an input with the gate's name", { input: { countersign: 1 } }, "request.input_reserved"],
    ["an input that is too large", { input: { pad: "x".repeat(262_144) } }, "request.too_large"],
    ["an input with a token", { input: { password: "correct-horse-battery" } }, "request.input_holds_token"],
  ] as const)("of %s is an entry, and leaves no state", async (_name, change, code) => {
    const world = new GateWorld();
    await expect(world.start(change)).rejects.toMatchObject({ code });
    expect(world.ledger.only("execution.denied")).toMatchObject({
      outcome: "denied",
      subject,
      clientId: "payments-app",
      error: { code },
      fingerprint: "v1.k1.inbound",
    });
    expect(world.executions.arns).toEqual([]);
    expect(world.provider.issued).toEqual([]);
    expect(world.text).not.toContain("correct-horse-battery");
  });

  test("is no answer while its entry can't be written", async () => {
    const world = new GateWorld();
    const down = new RefusedError("internal", "ledger down");
    const ledger = { append: async () => Promise.reject(down) };
    await expect(world.start({ workflow: "nightly" }, { ledger })).rejects.toBe(down);
  });

  test("of an unknown workflow tells the caller no more than one of a workflow without its scopes", async () => {
    const refusalOf = async (workflow: string) => {
      const world = new GateWorld({ agents: { allow: false } });
      const token = tokenWith({ scopes: ["other"], actors: [{ sub: "agent" }] });
      const refusal = await world.start({ workflow, token }).catch((error: unknown) => error);
      return { world, refusal };
    };
    const [unknown, known] = [await refusalOf("nightly"), await refusalOf("payout")];
    expect(unknown.refusal).toBeInstanceOf(RefusedError);
    expect(unknown.refusal).toEqual(known.refusal);
    expect(unknown.refusal).toMatchObject({ code: "policy.scope_insufficient", requiredScopes: undefined });
    const entryOf = ({ world }: typeof known) => world.ledger.only("execution.denied");
    expect(entryOf(unknown)).toMatchObject({ workflow: "nightly", error: { code: "resource.not_found" } });
    expect(entryOf(known)).toMatchObject({
      error: { code: "policy.scope_insufficient" },
      detail: { requiredScopes: ["payout:start"] },
    });
  });

  test("of a token with one of the start scopes names all that is asked for", async () => {
    const world = new GateWorld({ start: { scopes: ["payout:start", "payout:large"] } });
    await expect(world.start()).rejects.toMatchObject({
      message: '"scope" lacks "payout:large"',
      requiredScopes: ["payout:start", "payout:large"],
    });
  });

  test("of a name no workflow can have keeps that name out of the entry", async () => {
    const world = new GateWorld();
    await expect(world.start({ workflow: "a b\u0000" })).rejects.toBeInstanceOf(RefusedError);
    expect(world.ledger.only("execution.denied")).not.toHaveProperty("workflow");
  });

  test("of an issuer without a provider leaves no state", async () => {
    const world = new GateWorld();
    const token = tokenWith({ subject: { iss: "https://other.example", sub: "ada" } });
    await expect(world.start({ token })).rejects.toMatchObject({ code: "token.issuer_unknown" });
    expect(world.executions.arns).toEqual([]);
  });
});
